"""One matrix product as a graph of its own."""

from traces.dims import Dim
from traces.formats import INT8_TENSOR, Format
from traces.graph import Graph, Op, Operand, OpKind, Product, Role, Tensor
from traces.workload import Phase

OP = "product"
"""The name of its only op."""


def product_graph(m: int, k: int, n: int, *, weight: Format | None) -> Graph:
    """Return (m, k) int8 times (k, n): a weight in a format, or a second activation in int8 for None."""
    second_format = INT8_TENSOR if weight is None else weight
    second_role = Role.ACTIVATION if weight is None else Role.WEIGHT
    second_shape = (k, n) if weight is None else (n, k)  # a weight is stored a row per output channel
    tensors = (
        _tensor("x", (m, k), Role.ACTIVATION, INT8_TENSOR),
        _tensor("w", second_shape, second_role, second_format),
        _tensor("y", (m, n), Role.ACTIVATION, INT8_TENSOR),
    )
    op = Op(
        name=OP,
        kind=OpKind.ACTIVATION_PRODUCT if weight is None else OpKind.WEIGHT_PRODUCT,
        module=OP,
        function="matmul" if weight is None else "linear",
        extents=Product(*(Dim.of(extent) for extent in (1, m, k, n))),
        reads=(Operand("x", INT8_TENSOR), Operand("w", second_format)),
        writes=("y",),
    )
    inputs = ("x", "w") if weight is None else ("x",)
    return Graph(f"{m}x{k}x{n}", Phase.ENCODE, (op,), tensors, inputs, ("y",))


def _tensor(name: str, shape: tuple[int, ...], role: Role, fmt: Format) -> Tensor:
    return Tensor(name, tuple(Dim.of(extent) for extent in shape), role, fmt)
