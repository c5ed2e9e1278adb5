"""Small op tables by hand: what `simulator.bind` makes of a graph, without a graph."""

from dataclasses import dataclass, field

import numpy as np

from hwmodels.op_table import OpClass, OpTable
from traces.formats import FLOAT16, INT8_CHANNEL, INT8_TENSOR, Format


@dataclass(frozen=True, slots=True)
class Row:
    """One op; bytes follow from extents and formats."""

    op: OpClass
    m: int
    k: int = 1
    n: int = 1
    batch: int = 1
    kernel: int = 1
    stride: int = 1
    weight: Format | None = None
    activation: Format = INT8_TENSOR
    steps: float = 0.0
    inner: int = 0
    """Positions along the innermost axis, where m is not that."""
    inputs: int = 0
    """Elements read, where they are not batch * m * k."""
    cached: bool = field(default=False)


def dense(m: int, k: int, n: int, weight: Format = INT8_CHANNEL, activation: Format = INT8_TENSOR) -> Row:
    return Row(OpClass.MATVEC if m == 1 else OpClass.DENSE, m, k, n, weight=weight, activation=activation)


def conv(
    size: int,
    channels: int,
    out: int,
    *,
    kernel: int = 3,
    stride: int = 1,
    weight: Format = INT8_CHANNEL,
    activation: Format = INT8_TENSOR,
) -> Row:
    """A square convolution from `size` x `size` x `channels`, padded to keep the size."""
    positions = (size // stride) ** 2
    return Row(
        OpClass.DENSE, positions, channels * kernel**2, out, kernel=kernel**2, stride=stride**2,
        weight=weight, activation=activation, inner=size // stride, inputs=size**2 * channels,
    )  # fmt: skip


def depthwise(size: int, channels: int, kernel: int = 3, stride: int = 1) -> Row:
    return Row(
        OpClass.DEPTHWISE, (size // stride) ** 2, kernel**2, 1, batch=channels, kernel=kernel**2,
        stride=stride**2, weight=INT8_CHANNEL, inner=size // stride, inputs=size**2 * channels,
    )  # fmt: skip


def attend(heads: int, m: int, k: int, n: int, fmt: Format = INT8_TENSOR, *, cached: bool = False) -> Row:
    return Row(OpClass.ACTIVATION_PRODUCT, m, k, n, heads, weight=fmt, activation=fmt, cached=cached)


def vector(op: OpClass, rows: int, length: int, steps: int, fmt: Format = FLOAT16) -> Row:
    return Row(op, rows, n=length, activation=fmt, steps=steps, inputs=rows * length)


def table(*rows: Row, network_weight_bytes: float | None = None, cache_bytes: float = 0.0) -> OpTable:
    """Return the rows as a table; live bytes are each op's own operands."""
    formats = tuple(
        sorted(
            {fmt for row in rows for fmt in (row.weight, row.activation) if fmt is not None},
            key=lambda fmt: fmt.name,
        )
    )
    code = {fmt: idx for idx, fmt in enumerate(formats)}
    columns = [_columns(row) for row in rows]
    stacked = {name: np.array([column[name] for column in columns], dtype=float) for name in columns[0]}
    flags = np.array([row.cached for row in rows])
    weights = stacked["weight_bytes"].sum() if network_weight_bytes is None else network_weight_bytes
    live = stacked["input_bytes"] + stacked["output_bytes"] + np.where(flags, 0.0, stacked["second_bytes"])
    return OpTable(
        formats=formats,
        phase_idx=np.zeros(len(rows), dtype=np.int64),
        op_idx=np.arange(len(rows)),
        op_class=np.array([row.op for row in rows], dtype=np.int64),
        weight_format=np.array([-1 if row.weight is None else code[row.weight] for row in rows]),
        activation_format=np.array([code[row.activation] for row in rows]),
        epilogue_bytes=np.zeros(len(rows)),
        live_bytes=live,
        network_weight_bytes=np.full(len(rows), weights),
        cache_bytes=np.full(len(rows), cache_bytes),
        entering_bytes=np.zeros(len(rows)),
        leaving_elements=np.zeros(len(rows)),
        appended_to_cache=np.zeros(len(rows), dtype=bool),
        second_from_cache=flags,
        convolution=np.array([row.inner > 0 for row in rows]),
        **stacked,
    )


def _columns(row: Row) -> dict[str, float]:
    product = row.k > 1 or row.weight is not None
    elements = row.batch * row.m * row.n
    inputs = row.inputs or row.batch * row.m * row.k
    groups = row.batch if row.op is OpClass.DEPTHWISE else 1
    second = row.op is OpClass.ACTIVATION_PRODUCT
    weight_elements = 0 if row.weight is None or second else groups * row.k * row.n
    stored = 0.0 if row.weight is None else float(row.weight.stored_bytes(groups * row.n, row.k))
    scales = 0.0
    if row.weight is not None and not row.weight.is_float:
        per_row = np.ceil(row.k / row.weight.group_size) if row.weight.group_size else 1
        scales = groups * row.n * float(per_row)
    width = row.activation.bits / 8
    return {
        "batch": row.batch,
        "m": row.m,
        "m_inner": row.inner or row.m,
        "k": row.k,
        "n": row.n,
        "kernel": row.kernel,
        "stride": row.stride,
        "in_channels": row.k / row.kernel,
        "weight_bytes": 0.0 if second else stored,
        "input_bytes": inputs * width,
        "second_bytes": row.batch * row.k * row.n * width if second else 0.0,
        "output_bytes": elements * width,
        "weight_elements": weight_elements,
        "weight_groups": 0.0 if second else scales,
        "elements": elements,
        "element_steps": elements * row.steps,
        "function_steps": 0.0,
        "copied_elements": 0.0,
        "macs": elements * row.k if product else 0.0,
    }
