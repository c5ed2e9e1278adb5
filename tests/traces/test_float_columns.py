"""Products taken apart into an integer and a float one, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from simulator.bind import Network, bind
from simulator.metrics import count
from traces.dims import Dim
from traces.errors import EdgeAsrError
from traces.float_columns import with_float_columns
from traces.formats import FLOAT16, INT4_G32, INT8_TOKEN
from traces.graph import Epilogue, Graph, Op, Operand, OpKind, Product, Role, Rows, Tensor, check, settle

T, K = Dim("tokens"), Dim("96")


def linear(module: str, *, n: int) -> Op:
    reads = (Operand("x", INT8_TOKEN), Operand(f"{module}.weight", INT4_G32))
    extents = Product(Dim("1"), T, K, Dim.of(n))
    bias = (Epilogue("bias", f"{module}.bias"),)
    return Op(
        f"{module}/linear",
        OpKind.WEIGHT_PRODUCT,
        module,
        "linear",
        extents,
        reads,
        (f"{module}/linear",),
        bias,
    )


def graph() -> Graph:
    """Two layers, 96 -> 64 and 96 -> 32, that read one tensor."""
    sizes = {"q": 64, "k": 32}
    tensors = [Tensor("x", (Dim("1"), T, K), Role.ACTIVATION, FLOAT16)]
    for module, n in sizes.items():
        tensors += [
            Tensor(f"{module}.weight", (Dim.of(n), K), Role.WEIGHT, FLOAT16),
            Tensor(f"{module}.bias", (Dim.of(n),), Role.CONSTANT, FLOAT16),
            Tensor(f"{module}/linear", (Dim("1"), T, Dim.of(n)), Role.ACTIVATION, FLOAT16),
        ]
    ops = tuple(linear(module, n=n) for module, n in sizes.items())
    return Graph("net", "encode", ops, tuple(tensors), ("x",), tuple(op.writes[0] for op in ops))


def test_no_columns_no_change() -> None:
    assert with_float_columns(graph(), {}) is not None
    assert with_float_columns(graph(), {}) == graph()


def behind_a_norm() -> Graph:
    """The same two layers, behind a norm that writes what they read."""
    plain = graph()
    entry = Tensor("entry", (Dim("1"), T, K), Role.ACTIVATION, FLOAT16)
    norm = Op(
        "norm", OpKind.NORMALISATION, "norm", "layer_norm", Rows(T, K), (Operand("entry", FLOAT16),), ("x",)
    )
    return replace(plain, ops=(norm, *plain.ops), tensors=(entry, *plain.tensors), inputs=("entry",))


def bytes_by_op(made: Graph, column: str) -> dict[str, float]:
    """One of the counted byte columns for each op, at 10 tokens."""
    formats = (FLOAT16, INT4_G32, INT8_TOKEN)
    points = {"tokens": np.array([10])}
    bound = bind(settle(made, FLOAT16), points, phase_idx=0, network=Network(0.0, 0.0), formats=formats)
    counted = getattr(count(bound.ops), column)
    return {op.name: float(counted[row]) for op, (row,) in zip(made.ops, bound.row_of, strict=True)}


def test_a_writer_writes_the_parts_and_no_pass_is_added() -> None:
    made = with_float_columns(behind_a_norm(), {"q/linear": 6, "k/linear": 6})
    found = settle(made, FLOAT16)
    check(found)
    assert [op.name for op in found.ops] == [
        "norm",
        "q/float_columns",
        "q/linear",
        "k/float_columns",
        "k/linear",
    ]
    norm = found.ops[0]
    assert norm.writes == ("q/split_columns[0]", "q/split_columns[1]")
    assert norm.epilogues == (Epilogue("split_columns", "q.float_columns"),)
    assert "x" not in found.tensor_table()


def test_what_leaves_the_graph_or_has_another_reader_stays_whole() -> None:
    plain = behind_a_norm()
    for made in (
        with_float_columns(replace(plain, outputs=(*plain.outputs, "x")), {"q/linear": 6, "k/linear": 6}),
        with_float_columns(plain, {"q/linear": 6}),
        with_float_columns(plain, {"q/linear": 6, "k/linear": 8}),
    ):
        check(settle(made, FLOAT16))
        assert made.ops[0].writes == ("x",)
        assert any(op.function == "split_columns" for op in made.ops)


def test_each_operand_is_moved_once() -> None:
    """10 tokens of 96 inputs, of which 6 stay float; q has 64 outputs, k 32."""
    made = with_float_columns(behind_a_norm(), {"q/linear": 6, "k/linear": 6})
    moved = bytes_by_op(made, "memory_io_bytes")
    others, kept = 10 * (90 + 2), 10 * 6 * 2  # int8 with a scale per token; float16
    assert moved["norm"] == 10 * 96 * 2 + others + kept + 6 * 2  # reads, writes, and the columns' numbers
    for module, n in (("q", 64), ("k", 32)):
        assert moved[f"{module}/float_columns"] == kept + n * 6 * 2  # its result stays in the accumulator
        assert moved[f"{module}/linear"] == others + n * (90 / 2 + 3 * 2) + n * 2 + 10 * n * 2


@pytest.mark.parametrize("count_float", [6, 48, 90])
def test_weights_alone_move_the_activations_of_a_whole_layer(count_float: int) -> None:
    """With float16 activations the columns of both products add up to the input, whatever the share."""
    whole = replace(behind_a_norm(), ops=tuple(map(_with_float_inputs, behind_a_norm().ops)))
    split = with_float_columns(whole, {"q/linear": count_float, "k/linear": count_float})
    moved = [sum(bytes_by_op(made, "activation_io_bytes").values()) for made in (split, whole)]
    assert moved[0] == moved[1] + 2 * count_float  # the numbers of the columns


def _with_float_inputs(op: Op) -> Op:
    return replace(op, reads=(replace(op.reads[0], format=FLOAT16), *op.reads[1:]))


def test_three_ops_where_the_input_enters_the_graph() -> None:
    found = settle(with_float_columns(graph(), {"q/linear": 6}), FLOAT16)
    check(found)
    split, thin, integer, other = found.ops
    assert other == graph().ops[1]
    assert (split.kind, split.function, split.extents) == (OpKind.LAYOUT, "split_columns", Rows(T, K))
    assert [operand.tensor for operand in split.reads] == ["x", "q.float_columns"]
    assert thin.extents == Product(Dim("1"), T, Dim("6"), Dim("64"))
    assert thin.reads == (
        Operand("q/split_columns[1]", FLOAT16),
        Operand("q.float_columns_weight", FLOAT16),
    )
    assert integer.extents == Product(Dim("1"), T, Dim("90"), Dim("64"))
    assert integer.reads == (Operand("q/split_columns[0]", INT8_TOKEN), Operand("q.weight", INT4_G32))
    assert integer.epilogues == (Epilogue("add", "q/float_columns"), Epilogue("bias", "q.bias"))
    assert integer.writes == ("q/linear",)


def test_stored_bytes_by_hand() -> None:
    found = settle(with_float_columns(graph(), {"q/linear": 6}), FLOAT16)
    tensors = found.tensor_table()

    def stored(name: str) -> float:
        tensor, tokens = tensors[name], {"tokens": 10}
        return float(tensor.format.stored_bytes(tensor.rows.at(tokens), tensor.row_length.at(tokens)))

    assert stored("q.weight") == 64 * (90 / 2 + 3 * 2)  # 4 bits, three scales a row
    assert stored("q.float_columns_weight") == 64 * 6 * 2
    assert stored("q.float_columns") == 6 * 2
    assert stored("q/split_columns[0]") == 10 * (90 + 2)  # written as int8 with a scale per token
    assert stored("q/split_columns[1]") == 10 * 6 * 2
    assert tensors["q/float_columns"].role is Role.PARTIAL
    assert stored("x") == 10 * 96 * 2


def test_readers_of_one_tensor_share_the_split() -> None:
    shared = with_float_columns(graph(), {"q/linear": 6, "k/linear": 6})
    assert [op.name for op in shared.ops] == [
        "q/split_columns", "q/float_columns", "q/linear", "k/float_columns", "k/linear",
    ]  # fmt: skip
    apart = with_float_columns(graph(), {"q/linear": 6, "k/linear": 8})
    assert sum(op.function == "split_columns" for op in apart.ops) == 2


def test_only_weight_products() -> None:
    norm = Op("n", OpKind.NORMALISATION, "n", "layer_norm", Rows(T, K), (Operand("x", FLOAT16),), ("n",))
    broken = Graph("net", "encode", (norm,), graph().tensors[:1], ("x",), ("n",))
    with pytest.raises(EdgeAsrError, match="op n is a normalisation; only weight products keep columns"):
        with_float_columns(broken, {"n": 3})
