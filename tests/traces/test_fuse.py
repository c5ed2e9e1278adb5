"""Fusion on hand-made graphs: what may join, and what must not."""

from dataclasses import replace

from traces.dims import Dim
from traces.formats import FLOAT16, INT8_CHANNEL
from traces.fuse import fuse
from traces.graph import Graph, Op, Operand, OpKind, Product, Role, Rows, Tensor, check
from traces.ties import share_tied

SHAPE = (Dim.of("batch"), Dim("4"))
ROWS = Rows(*SHAPE)


def linear(name: str, x: str) -> Op:
    reads = (Operand(x, FLOAT16), Operand(f"{name}.weight", FLOAT16))
    extents = Product(Dim("1"), SHAPE[0], Dim("4"), Dim("4"))
    return Op(name, OpKind.WEIGHT_PRODUCT, name, "linear", extents, reads, (name,))


def elementwise(name: str, function: str, *operands: str) -> Op:
    reads = tuple(Operand(operand, FLOAT16) for operand in operands)
    return Op(name, OpKind.ELEMENTWISE, "", function, ROWS, reads, (name,))


def graph(*ops: Op, output: str) -> Graph:
    names = dict.fromkeys(["x", *(item.tensor for op in ops for item in op.reads), *(op.name for op in ops)])
    tensors = tuple(
        Tensor(name, SHAPE, Role.WEIGHT if name.endswith(".weight") else Role.ACTIVATION, FLOAT16)
        for name in names
    )
    return Graph("g", "forward", ops, tensors, ("x",), (output,))


def names(fused: Graph) -> list[str]:
    check(fused)
    return [op.name for op in fused.ops]


def test_a_sum_joins_the_later_of_two_products() -> None:
    fused = fuse(graph(linear("a", "x"), linear("b", "x"), elementwise("s", "add", "a", "b"), output="s"))
    assert names(fused) == ["a", "b"]
    assert fused.ops[1].epilogues[0].function == "residual"
    assert fused.ops[1].epilogues[0].operand == "a"
    assert fused.outputs == ("b",)


def test_a_result_that_leaves_the_graph_is_not_overwritten() -> None:
    made = graph(linear("a", "x"), elementwise("s", "scale", "a"), output="s")
    made = Graph(made.name, made.phase, made.ops, made.tensors, made.inputs, ("a", "s"))
    assert names(fuse(made)) == ["a", "s"]


def test_an_operand_written_later_keeps_the_sum_apart_from_the_earlier_product() -> None:
    made = graph(
        linear("a", "x"),
        linear("b", "x"),
        elementwise("r", "rotary", "b"),
        elementwise("s", "add", "a", "r"),
        output="s",
    )
    assert names(fuse(made)) == ["a", "b", "r", "s"]


def test_a_number_added_to_itself_stays() -> None:
    made = graph(linear("a", "x"), elementwise("s", "add", "a", "a"), output="s")
    assert names(fuse(made)) == ["a", "s"]


def test_tied_weights_are_one_tensor_only_in_one_format() -> None:
    made = graph(linear("embed", "x"), linear("head", "embed"), output="head")
    tied = share_tied(made, {"head.weight": "embed.weight"})
    assert [tensor.name for tensor in tied.tensors if tensor.role is Role.WEIGHT] == ["embed.weight"]
    assert tied.ops[1].reads[1].tensor == "embed.weight"
    tensors = tuple(
        replace(tensor, format=INT8_CHANNEL) if tensor.name == "head.weight" else tensor
        for tensor in made.tensors
    )
    apart = replace(made, tensors=tensors)
    assert share_tied(apart, {"head.weight": "embed.weight"}) is apart
