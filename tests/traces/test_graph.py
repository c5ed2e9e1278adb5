"""The graph's own rules on one made by hand: x -> norm -> fc1 with gelu -> fc2 with the sum of x."""

from dataclasses import replace

import networkx
import pytest

from tests.simulator.graphs import mlp
from traces.dims import Dim
from traces.errors import EdgeAsrError
from traces.formats import FLOAT16, INT8_CHANNEL, INT8_TENSOR, INT8_TOKEN
from traces.graph import Graph, Operand, Role, Tensor, check, settle, tensors_read, with_names

MLP = mlp()


def test_tensors_have_rows() -> None:
    weight = Tensor("w", (Dim.of(8), Dim.of(3), Dim.of(5)), Role.WEIGHT, FLOAT16)
    assert (weight.rows, weight.row_length, weight.elements) == (Dim.of(8), Dim.of(15), Dim.of(120))
    tokens = replace(weight, role=Role.ACTIVATION)
    assert (tokens.rows, tokens.row_length, tokens.elements) == (Dim.of(24), Dim.of(5), Dim.of(120))
    scalar = replace(tokens, shape=())
    assert (scalar.rows, scalar.row_length, scalar.elements) == (Dim.of(1), Dim.of(1), Dim.of(1))


def test_symbols_are_those_of_the_shapes() -> None:
    assert MLP.symbols == frozenset()
    first, *others = MLP.tensors
    grown = replace(MLP, tensors=(replace(first, shape=(Dim.of("past_tokens + batch"),)), *others))
    assert grown.symbols == {"past_tokens", "batch"}


def test_an_epilogue_reads_last() -> None:
    assert [tensors_read(op) for op in MLP.ops] == [("x",), ("h", "w1"), ("u", "w2", "x")]


def test_the_networkx_view_has_an_edge_for_what_one_op_hands_another() -> None:
    view = MLP.to_networkx()
    assert view.graph == {"name": "mlp", "phase": "encode"}
    assert list(networkx.topological_sort(view)) == ["norm", "fc1", "fc2"]
    assert {op: view.nodes[op]["op"] for op in view} == {op.name: op for op in MLP.ops}
    assert list(view.edges(data="tensors")) == [("norm", "fc1", ("h",)), ("fc1", "fc2", ("u",))]


def test_one_edge_names_all_tensors_that_two_ops_share() -> None:
    norm, fc1, fc2 = MLP.ops
    twice = replace(fc1, reads=(Operand("h", FLOAT16), Operand("h2", FLOAT16)))
    view = replace(MLP, ops=(replace(norm, writes=("h", "h2")), twice, fc2)).to_networkx()
    assert view.edges["norm", "fc1"]["tensors"] == ("h", "h2")


def test_operands_are_renamed_where_they_are_read() -> None:
    renamed = with_names(MLP.ops[2], {"u": "v", "x": "z", "elsewhere": "x"})
    assert tensors_read(renamed) == ("v", "w2", "z")
    assert renamed.writes == MLP.ops[2].writes


def broken(which: str) -> Graph:
    norm, fc1, fc2 = MLP.ops
    match which:
        case "unknown":
            return replace(MLP, tensors=MLP.tensors[:-1])
        case "order":
            return replace(MLP, ops=(fc1, norm, fc2))
        case "ops":
            return replace(MLP, ops=(norm, replace(fc1, name="norm"), fc2))
    return replace(MLP, tensors=(*MLP.tensors, MLP.tensors[0]))


@pytest.mark.parametrize(
    ("which", "message"),
    [
        ("unknown", "graph mlp/encode: op fc2 uses unknown tensor 'y'"),
        ("order", "graph mlp/encode: op fc1 reads 'h' before it is written"),
        ("ops", "graph mlp/encode: two ops share a name"),
        ("tensors", "graph mlp/encode: two tensors share a name"),
    ],
)
def test_a_graph_that_is_none(which: str, message: str) -> None:
    with pytest.raises(EdgeAsrError, match=message):
        check(broken(which))


def test_tensors_are_stored_as_their_readers_compute() -> None:
    """`h` is read by int8 alone, `x` by a norm in float and by a sum, so that they differ."""
    norm, fc1, fc2 = MLP.ops
    reads = (Operand("h", INT8_TOKEN), Operand("w1", INT8_CHANNEL))
    settled = settle(replace(MLP, ops=(norm, replace(fc1, reads=reads), fc2)), INT8_TENSOR)
    stored = {name: tensor.format for name, tensor in settled.tensor_table().items()}
    assert stored == {
        "x": INT8_TENSOR,
        "h": INT8_TOKEN,
        "w1": INT8_CHANNEL,
        "u": FLOAT16,
        "w2": FLOAT16,
        "y": FLOAT16,
    }
