"""Products taken apart into an integer and a float one, by hand."""

import pytest

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


def test_three_ops_by_hand() -> None:
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
    assert stored("q/float_columns") == 10 * 64 * 2
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
