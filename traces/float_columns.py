"""Products of which some input columns stay float: a thin float product beside the integer one.

What a fused kernel moves is counted (QUIK, arXiv 2310.09259, section 3.3, runs nearly so): float columns and
the others are different columns, so together they are read once; and both products add up in one accumulator,
so no partial sum is ever written. `float_columns` is the float product, whose result is such a partial sum.
`linear` is the integer product, which adds it to its own before all else.

The op that writes the input writes its two parts, each in its format, as it would otherwise write the whole
in one: all readers of a tensor keep the same columns of it. `split_columns` is then an epilogue of that op.
Where the input enters the graph or another op reads it, it is there as a whole, and an op of its own takes it
apart first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from traces.dims import Dim
from traces.errors import EdgeAsrError
from traces.formats import FLOAT16
from traces.graph import Epilogue, Graph, Op, Operand, OpKind, Product, Role, Rows, Tensor, tensors_read

SPLIT = "split_columns"
FLOAT_PRODUCT = "float_columns"


def with_float_columns(graph: Graph, n_float: Mapping[str, int]) -> Graph:
    """Return the graph with some weight products taken apart; `n_float` counts float columns by op name.

    Raises:
        EdgeAsrError: if one of them is no weight product.
    """
    if not n_float:
        return graph
    tensors = graph.tensor_table()
    written_apart = _written_apart(graph, n_float)
    parts: dict[tuple[str, int], _Parts] = {}
    ops: list[Op] = []
    for op in graph.ops:
        if op.name not in n_float:
            ops.append(op)
            continue
        if not isinstance(op.extents, Product) or op.kind is not OpKind.WEIGHT_PRODUCT:
            raise EdgeAsrError(f"op {op.name} is a {op.kind}; only weight products keep columns float")
        count, whole = n_float[op.name], op.reads[0].tensor
        if (whole, count) not in parts:
            parts[whole, count] = _parts(op, op.extents, count, tensors)
            if whole not in written_apart:
                ops.append(_split(op, op.extents, parts[whole, count]))
        ops.extend(_products(op, op.extents, count, parts[whole, count], tensors))
    apart = {whole: found for (whole, _), found in parts.items() if whole in written_apart}
    return replace(
        graph,
        ops=tuple(_writing(op, apart) for op in ops),
        tensors=tuple(tensor for name, tensor in tensors.items() if name not in apart),
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """Tensors by name: what rows are taken apart into, (m, k - count) and (m, count), and which columns."""

    others: str
    kept: str
    numbers: str


def _written_apart(graph: Graph, n_float: Mapping[str, int]) -> frozenset[str]:
    """Return the tensors that are written in the graph and of which nothing but the same parts is read."""
    counts: dict[str, set[int]] = {}
    for op in graph.ops:
        for position, name in enumerate(tensors_read(op)):
            counts.setdefault(name, set()).add(n_float.get(op.name, 0) if position == 0 else 0)
    written = {op.writes[0] for op in graph.ops if len(op.writes) == 1} - set(graph.outputs)
    return frozenset(name for name in written if len(counts.get(name, ())) == 1 and 0 not in counts[name])


def _writing(op: Op, apart: Mapping[str, _Parts]) -> Op:
    """Return an op that writes the parts of what is taken apart, its only result."""
    parts = apart.get(op.writes[0])
    if parts is None:
        return op
    epilogues = (*op.epilogues, Epilogue(SPLIT, parts.numbers))
    return replace(op, writes=(parts.others, parts.kept), epilogues=epilogues)


def _parts(op: Op, extents: Product, count: int, tensors: dict[str, Tensor]) -> _Parts:
    """Return the parts of what an op reads, rows (m, k); column numbers are 16-bit integers."""
    name = f"{op.module}/{SPLIT}"
    return _Parts(
        _added(tensors, f"{name}[0]", (extents.m, extents.k - count), Role.ACTIVATION),
        _added(tensors, f"{name}[1]", (extents.m, Dim.of(count)), Role.ACTIVATION),
        _added(tensors, f"{op.module}.{FLOAT_PRODUCT}", (Dim.of(count),), Role.CONSTANT),
    )


def _split(op: Op, extents: Product, parts: _Parts) -> Op:
    """Return the op that takes rows (m, k) apart."""
    reads = (Operand(op.reads[0].tensor, FLOAT16), Operand(parts.numbers, FLOAT16))
    written = (parts.others, parts.kept)
    return Op(
        f"{op.module}/{SPLIT}", OpKind.LAYOUT, op.module, SPLIT, Rows(extents.m, extents.k), reads, written
    )


def _products(
    op: Op, extents: Product, count: int, parts: _Parts, tensors: dict[str, Tensor]
) -> tuple[Op, Op]:
    """Return the float product and what is left of the integer one."""
    x, weight = op.reads
    whole = tensors[weight.tensor]
    tensors[whole.name] = replace(whole, shape=(extents.n, extents.k - count))
    name, columns = f"{op.module}/{FLOAT_PRODUCT}", Dim.of(count)
    beside = _added(tensors, name, (extents.m, extents.n), Role.PARTIAL)
    thin_weight = f"{op.module}.{FLOAT_PRODUCT}_weight"
    float_weight = _added(tensors, thin_weight, (extents.n, columns), Role.WEIGHT)
    thin = Op(
        name,
        OpKind.WEIGHT_PRODUCT,
        op.module,
        FLOAT_PRODUCT,
        replace(extents, k=columns),
        (Operand(parts.kept, FLOAT16), Operand(float_weight, FLOAT16)),
        (beside,),
    )
    integer = replace(
        op,
        extents=replace(extents, k=extents.k - count),
        reads=(replace(x, tensor=parts.others), weight),
        epilogues=(Epilogue("add", beside), *op.epilogues),
    )
    return thin, integer


def _added(tensors: dict[str, Tensor], name: str, shape: tuple[Dim, ...], role: Role) -> str:
    tensors[name] = Tensor(name, shape, role, FLOAT16)
    return name
