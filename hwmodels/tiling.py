"""Bytes that cross each level's port: the best tile sizes and loop order under the buffer before it.

Across the port of level l come the operands that live in l or farther. Where the moving or the stationary
operand of a product already lives nearer, every other crosses once. Where neither does, both are cut to
tiles of the nearest staging level, and how often each crosses again is searched: three loop orders, a grid
of n and k splits, and the longest m that fits. A bigger buffer only adds candidates, so it never costs
bytes.
"""

from dataclasses import dataclass

import numpy as np

from hwmodels.chip import Chip, Order
from hwmodels.op_table import Bools, Floats, Ints, OpClass, OpTable
from hwmodels.placement import Placement
from hwmodels.rates import RowRates

ACCUMULATOR_BYTES = 4.0
"""A partial sum is held as int32 or float32."""
N_SPLITS = np.array(
    [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256, 512, 1024, 4096, 65536], dtype=float
)
K_SPLITS = np.array([1, 2, 4, 8, 32], dtype=float)
CHUNK = 1024
"""Rows searched at a time: candidates of one chunk stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Reloads:
    """How often each operand of a product crosses a port, relative to once: (rows,)."""

    moving: Floats
    stationary: Floats
    result: Floats


def tiled_bytes(
    ops: OpTable, placement: Placement, chip: Chip, *, rates: RowRates, weight_bytes: Floats
) -> Floats:
    """Return the bytes that cross each level's port: (rows, levels).

    `weight_bytes`: (rows,) as stored on this chip.
    """
    crossing = np.empty((ops.n_rows, len(chip.levels)))
    crossing[:, 0] = array_bytes(ops, rates, weight_bytes=weight_bytes)
    activation_product = ops.op_class == OpClass.ACTIVATION_PRODUCT
    stationary_bytes = np.where(activation_product, ops.second_bytes, weight_bytes)
    stationary_level = np.where(activation_product, placement.second_level, placement.weight_level)
    second_bytes = np.where(activation_product, 0.0, ops.second_bytes)
    for idx, level in enumerate(chip.levels):
        if idx == 0:
            continue
        moving = placement.activation_level >= idx
        stationary = stationary_level >= idx
        result = placement.output_level >= idx
        factor = 1.0 if level.partial_write_factor is None else level.partial_write_factor.value
        reloads = _reloads(
            ops,
            np.flatnonzero(moving & stationary & _is_tiled(ops)),
            chip,
            capacity_bytes=_buffer_bytes(chip, idx),
            stationary_bytes=stationary_bytes,
            result=result,
            partial_write_factor=factor,
        )
        reused = ~(moving | stationary) | np.isnan(rates.bytes_per_mac)
        crossing[:, idx] = (
            np.where(
                reused,
                moving * ops.input_bytes * reloads.moving
                + stationary * stationary_bytes * reloads.stationary,
                ops.macs * rates.bytes_per_mac,
            )
            + result * ops.output_bytes * reloads.result
            + moving * ops.epilogue_bytes
            + (placement.second_level >= idx) * second_bytes
        )
    return crossing


def array_bytes(ops: OpTable, rates: RowRates, *, weight_bytes: Floats) -> Floats:
    """Return the bytes the units read and write at the nearest level: (rows,).

    A product reads each moving element once per `lanes.n` results and each stationary one once per `lanes.m`.
    """
    reads = ops.macs * (
        rates.activation_bytes / np.minimum(rates.lanes_n, np.maximum(ops.n, 1.0))
        + rates.weight_bytes / np.minimum(rates.lanes_m, np.maximum(ops.m, 1.0))
    )
    once = ops.input_bytes + ops.second_bytes + weight_bytes
    return np.maximum(reads, once) + ops.epilogue_bytes + ops.output_bytes


def search_reloads(
    *,
    m: Floats,
    k: Floats,
    n: Floats,
    moving_bytes: Floats,
    stationary_bytes: Floats,
    result_bytes: Floats,
    capacity_bytes: float,
    orders: tuple[Order, ...],
    max_n: float,
    partial_write_factor: float,
) -> Reloads:
    """Return how often operands cross under the tiles that move the fewest bytes.

    All arrays: (rows,). `result_bytes` is 0 where the result does not cross. One product per row; for a batch
    of them, bytes are those of one.
    """
    column = (slice(None), None, None)
    m_, k_, n_ = m[column], k[column], n[column]
    n_tile = np.minimum(np.ceil(n_ / N_SPLITS[None, :, None]), max_n)
    k_tile = np.ceil(k_ / K_SPLITS[None, None, :])
    per_moving = (moving_bytes / (m * k))[column]
    per_stationary = (stationary_bytes / (k * n))[column]
    room = capacity_bytes - k_tile * n_tile * per_stationary
    m_tile = np.floor(room / (k_tile * per_moving + n_tile * ACCUMULATOR_BYTES))
    fits = m_tile >= 1
    fits[:, -1, -1] = True  # the smallest tile is always possible, from the result's registers at worst
    m_tile = np.clip(m_tile, 1.0, m_)
    k_splits, n_splits, m_splits = np.ceil(k_ / k_tile), np.ceil(n_ / n_tile), np.ceil(m_ / m_tile)
    whole = (m_splits == 1) & (k_splits == 1)
    again = np.where(whole, 1.0, n_splits)
    written = np.where(n_splits > 1, partial_write_factor, 1.0)
    elements_bytes = (m * n)[column] * ACCUMULATOR_BYTES
    spilled = (2.0 * k_splits - 2.0) * elements_bytes / np.maximum(result_bytes, 1.0)[column]
    ones = np.ones(np.broadcast_shapes(n_tile.shape, k_tile.shape))
    options = {
        Order.WEIGHTS_STAY: (again, ones, written + spilled),
        Order.INPUTS_STAY: (ones, m_splits, written + spilled),
        Order.OUTPUTS_STAY: (again, m_splits, written),
    }
    times = [
        np.stack([np.broadcast_to(options[order][operand], ones.shape) for order in orders], axis=1)
        for operand in range(3)
    ]
    sizes = (moving_bytes, stationary_bytes, result_bytes)
    moved = sum(each * size[:, None, None, None] for each, size in zip(times, sizes, strict=True))
    total = np.where(fits[:, None], moved, np.inf).reshape(len(m), -1)
    best = np.argmin(total, axis=1)
    rows = np.arange(len(m))
    moving, stationary, result = (each.reshape(len(m), -1)[rows, best] for each in times)
    return Reloads(moving, stationary, result)


def _reloads(
    ops: OpTable,
    rows: Ints,
    chip: Chip,
    *,
    capacity_bytes: float,
    stationary_bytes: Floats,
    result: Bools,
    partial_write_factor: float,
) -> Reloads:
    """Return `search_reloads` for some rows and 1 for all others, shapes that agree searched once."""
    out = Reloads(np.ones(ops.n_rows), np.ones(ops.n_rows), np.ones(ops.n_rows))
    batch = np.where(ops.op_class == OpClass.ACTIVATION_PRODUCT, ops.batch, 1.0)
    m = np.where(ops.op_class == OpClass.ACTIVATION_PRODUCT, ops.m, ops.m * ops.batch)
    columns = np.stack(
        [
            m,
            ops.k,
            ops.n,
            ops.input_bytes / batch,
            stationary_bytes / batch,
            np.where(result, ops.output_bytes, 0.0) / batch,
        ]
    )
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        distinct, inverse = np.unique(columns[:, part], axis=1, return_inverse=True)
        found = search_reloads(
            m=distinct[0],
            k=distinct[1],
            n=distinct[2],
            moving_bytes=distinct[3],
            stationary_bytes=distinct[4],
            result_bytes=distinct[5],
            capacity_bytes=capacity_bytes,
            orders=chip.tiling.orders,
            max_n=np.inf if chip.tiling.max_n is None else chip.tiling.max_n.value,
            partial_write_factor=partial_write_factor,
        )
        inverse = inverse.reshape(-1)
        out.moving[part] = found.moving[inverse]
        out.stationary[part] = found.stationary[inverse]
        out.result[part] = found.result[inverse]
    return out


def _is_tiled(ops: OpTable) -> Bools:
    tiled: Bools = np.isin(ops.op_class, (OpClass.DENSE, OpClass.MATVEC, OpClass.ACTIVATION_PRODUCT))
    return tiled & (ops.macs > 0) & (ops.input_bytes > 0)


def _buffer_bytes(chip: Chip, idx: int) -> float:
    """Return what a tile may fill of the nearest staging level before level `idx`."""
    for level in reversed(chip.levels[:idx]):
        if level.stages:
            return level.size_bytes.value / (2.0 if chip.tiling.double_buffered else 1.0)
    return 0.0
