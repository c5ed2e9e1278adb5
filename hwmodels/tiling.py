"""Bytes that cross each level's port: the best tile sizes and loop order under the buffer before it.

Across the port of level l come the operands that live in l or farther. Where the moving or the stationary
operand of a product already lives nearer, every other crosses once. Where neither does, both are cut to
tiles of the nearest staging level, and how often each crosses again is what `tile_search` finds.
"""

import numpy as np

from hwmodels.chip import Chip
from hwmodels.op_table import Bools, Floats, Ints, OpClass, OpTable
from hwmodels.placement import Placement
from hwmodels.rates import RowRates
from hwmodels.tile_search import Reloads, search_reloads

CHUNK = 1024
"""Rows searched at a time: candidates of one chunk stay in the processor's cache."""


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
