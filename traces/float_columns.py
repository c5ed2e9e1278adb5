"""Products of which some input columns stay float: a thin float product beside the integer one.

Such a layer runs as three ops (QUIK, arXiv 2310.09259, section 3.3). `split_columns` takes the rows of the
input apart into float columns and the others, which it writes rounded: the pass that quantizes activations
does this on the way. `float_columns` is the float product. `linear` is the integer product, which adds the
float one to its result before all else. Layers that read one tensor keep the same columns of it and share
the split.
"""

from collections.abc import Mapping
from dataclasses import replace

from traces.dims import Dim
from traces.errors import EdgeAsrError
from traces.formats import FLOAT16
from traces.graph import Epilogue, Graph, Op, Operand, OpKind, Product, Role, Rows, Tensor

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
    splits: dict[tuple[str, int], Op] = {}
    ops: list[Op] = []
    for op in graph.ops:
        if op.name not in n_float:
            ops.append(op)
            continue
        if not isinstance(op.extents, Product) or op.kind is not OpKind.WEIGHT_PRODUCT:
            raise EdgeAsrError(f"op {op.name} is a {op.kind}; only weight products keep columns float")
        count = n_float[op.name]
        shared = (op.reads[0].tensor, count)
        if shared not in splits:
            splits[shared] = _split(op, op.extents, count, tensors)
            ops.append(splits[shared])
        ops.extend(_products(op, op.extents, count, splits[shared], tensors))
    return replace(graph, ops=tuple(ops), tensors=tuple(tensors.values()))


def _split(op: Op, extents: Product, count: int, tensors: dict[str, Tensor]) -> Op:
    """Return the op that takes rows (m, k) apart; the numbers of the columns are 16-bit integers."""
    name, m = f"{op.module}/{SPLIT}", extents.m
    columns = _added(tensors, f"{op.module}.{FLOAT_PRODUCT}", (Dim.of(count),), Role.CONSTANT)
    others = _added(tensors, f"{name}[0]", (m, extents.k - count), Role.ACTIVATION)
    kept = _added(tensors, f"{name}[1]", (m, Dim.of(count)), Role.ACTIVATION)
    reads = (Operand(op.reads[0].tensor, FLOAT16), Operand(columns, FLOAT16))
    return Op(name, OpKind.LAYOUT, op.module, SPLIT, Rows(m, extents.k), reads, (others, kept))


def _products(op: Op, extents: Product, count: int, split: Op, tensors: dict[str, Tensor]) -> tuple[Op, Op]:
    """Return the float product and what is left of the integer one."""
    x, weight = op.reads
    others, kept = split.writes
    whole = tensors[weight.tensor]
    tensors[whole.name] = replace(whole, shape=(extents.n, extents.k - count))
    name, columns = f"{op.module}/{FLOAT_PRODUCT}", Dim.of(count)
    beside = _added(tensors, name, (extents.m, extents.n), Role.ACTIVATION)
    thin_weight = f"{op.module}.{FLOAT_PRODUCT}_weight"
    float_weight = _added(tensors, thin_weight, (extents.n, columns), Role.WEIGHT)
    thin = Op(
        name,
        OpKind.WEIGHT_PRODUCT,
        op.module,
        FLOAT_PRODUCT,
        replace(extents, k=columns),
        (Operand(kept, FLOAT16), Operand(float_weight, FLOAT16)),
        (beside,),
    )
    integer = replace(
        op,
        extents=replace(extents, k=extents.k - count),
        reads=(replace(x, tensor=others), weight),
        epilogues=(Epilogue("add", beside), *op.epilogues),
    )
    return thin, integer


def _added(tensors: dict[str, Tensor], name: str, shape: tuple[Dim, ...], role: Role) -> str:
    tensors[name] = Tensor(name, shape, role, FLOAT16)
    return name
