from simulator.agreement.product import product_graph
from traces.counts import macs
from traces.formats import INT8_CHANNEL
from traces.graph import OpKind, check


def test_a_product_with_a_weight_has_its_macs_and_one_input() -> None:
    graph = product_graph(3, 5, 7, weight=INT8_CHANNEL)
    check(graph)
    assert macs(graph.ops[0]).at({}) == 3 * 5 * 7
    assert graph.inputs == ("x",)
    assert next(tensor for tensor in graph.tensors if tensor.name == "w").format == INT8_CHANNEL


def test_a_product_of_two_activations_has_two_inputs() -> None:
    graph = product_graph(3, 5, 7, weight=None)
    check(graph)
    assert graph.ops[0].kind is OpKind.ACTIVATION_PRODUCT
    assert graph.inputs == ("x", "w")
