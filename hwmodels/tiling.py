"""Bytes that cross each level's port: the best tile sizes and loop order under the buffer before it.

Across the port of level l come the operands that live in l or farther. Where the moving or the stationary
operand of a product already lives nearer, every other crosses once. Where neither does, both are cut to
tiles of the nearest staging level, and how often each crosses again is what `tile_search` finds.
"""

from collections.abc import Iterator
from dataclasses import fields, replace

import numpy as np

from hwmodels.chip import Chip, Level
from hwmodels.distinct import distinct_rows
from hwmodels.op_table import Bools, Floats, OpClass, OpTable
from hwmodels.placement import Placement
from hwmodels.quantity import nominal
from hwmodels.row_rates import RowRates
from hwmodels.tile_search import Products, Reloads, search_reloads
from hwmodels.traffic import LevelBytes

_TILED = (OpClass.DENSE, OpClass.MATVEC, OpClass.ACTIVATION_PRODUCT)
CHUNK = 1024
"""Products searched at a time: candidates of one chunk stay in the processor's cache."""


def tiled_bytes(
    ops: OpTable, placement: Placement, chip: Chip, *, rates: RowRates, weight_bytes: Floats
) -> LevelBytes:
    """Return the bytes that cross each level's port.

    The host has no part in the units' buffer: of its rows, what lives in the nearest level crosses it once.

    `weight_bytes`: (chips, rows) as stored on these chips.
    """
    nearest = array_bytes(ops, rates, weight_bytes=weight_bytes)
    by_host = once_bytes(ops, weight_bytes=weight_bytes) if chip.levels[0].holds else 0.0
    nearest = np.where(rates.on_host, by_host, nearest)
    return nearest, *_behind(ops, placement, chip, rates=rates, weight_bytes=weight_bytes)


def _behind(
    ops: OpTable, placement: Placement, chip: Chip, *, rates: RowRates, weight_bytes: Floats
) -> Iterator[Floats]:
    """Yield the bytes that cross each port but the nearest."""
    activation_product = ops.op_class == OpClass.ACTIVATION_PRODUCT
    stationary_bytes = np.where(activation_product, ops.second_bytes, weight_bytes)
    stationary_level = np.where(activation_product, placement.second_level, placement.weight_level)
    second_bytes = np.where(activation_product, 0.0, ops.second_bytes)
    tiled = _is_tiled(ops)
    in_place = ~np.isnan(rates.bytes_per_mac)
    for idx in range(1, len(chip.levels)):
        moving = placement.activation_level >= idx
        stationary = stationary_level >= idx
        result = placement.output_level >= idx
        reloads = _reloads(
            ops, moving & stationary & tiled, chip, idx, stationary_bytes=stationary_bytes, result=result
        )
        read_bytes = np.where(moving, ops.input_bytes * reloads.moving, _entering_bytes(ops, chip, idx))
        crossing = np.where(
            (moving | stationary) & in_place,
            ops.macs * rates.bytes_per_mac,
            read_bytes * _short_reads(ops, chip.levels[idx], rates)
            + stationary * stationary_bytes * reloads.stationary,
        )
        yield (
            crossing
            + result * ops.output_bytes * reloads.result
            + moving * ops.epilogue_bytes
            + (placement.second_level >= idx) * second_bytes
        )


def array_bytes(ops: OpTable, rates: RowRates, *, weight_bytes: Floats) -> Floats:
    """Return the bytes the units read and write at the nearest level: (chips, rows).

    A product reads each moving element once per `lanes.n` results and each stationary one once per `lanes.m`.
    """
    reads = ops.macs * (
        rates.activation_bytes / np.minimum(rates.lanes.n, np.maximum(ops.n, 1.0))
        + rates.weight_bytes / np.minimum(rates.lanes.m, np.maximum(ops.m, 1.0))
    )
    written = ops.epilogue_bytes + ops.output_bytes
    return np.maximum(reads + written, once_bytes(ops, weight_bytes=weight_bytes))


def once_bytes(ops: OpTable, *, weight_bytes: Floats) -> Floats:
    """Return the bytes of every operand and result, each once: (chips, rows)."""
    read = ops.input_bytes + ops.second_bytes + weight_bytes
    return read + ops.epilogue_bytes + ops.output_bytes


def _entering_bytes(ops: OpTable, chip: Chip, idx: int) -> Floats:
    """Return what the caller leaves in level `idx` or farther, of operands that then lie nearer: (rows,)."""
    left_in = next((at for at, level in enumerate(chip.levels) if "inputs" in level.holds), 0)
    return ops.entering_bytes * (idx <= left_in)


def _short_reads(ops: OpTable, level: Level, rates: RowRates) -> Floats:
    """Return the bytes moved per byte read: (chips, rows), over 1 where pixels are shorter than the lanes."""
    if level.short_read_factor is None:
        return np.ones((1, ops.n_rows))
    short = _is_tiled(ops) & (ops.kernel > 1) & (ops.in_channels < rates.lanes.k)
    return np.where(short, nominal(level.short_read_factor), 1.0)


def _reloads(
    ops: OpTable, tiled: Bools, chip: Chip, idx: int, *, stationary_bytes: Floats, result: Bools
) -> Reloads:
    """Return how often operands cross the port of level `idx`: (chips, rows), 1 where nothing is `tiled`.

    Products that agree, on whichever chip, are searched once.
    """
    rows = np.flatnonzero(tiled.any(axis=0))
    products = _products(
        ops.take(rows), chip, idx, stationary_bytes=stationary_bytes[:, rows], result=result[:, rows]
    )
    # A size that varies moves the weights of some chips alone: products are told apart by chip as `tiled` is.
    products = replace(products, m=np.broadcast_to(products.m, (len(tiled), len(rows))))
    chips, places = np.nonzero(tiled[:, rows] & ~products.cross_once())
    searched = products.take(chips, places)
    first, inverse = distinct_rows(searched.columns())
    found = [
        search_reloads(searched.take(first[start : start + CHUNK]), chip.tiling.orders)
        for start in range(0, len(first), CHUNK)
    ]
    shape = (len(products), ops.n_rows)
    out = Reloads(np.ones(shape), np.ones(shape), np.ones(shape))
    for field in fields(Reloads) if found else ():
        each = np.concatenate([getattr(part, field.name) for part in found])
        getattr(out, field.name)[chips, rows[places]] = each[inverse]
    return out


def _products(ops: OpTable, chip: Chip, idx: int, *, stationary_bytes: Floats, result: Bools) -> Products:
    """Return each row as the tile search sees it before level `idx`: one product of its batch."""
    factor, max_n = chip.levels[idx].partial_write_factor, chip.tiling.max_n
    batch = np.where(ops.op_class == OpClass.ACTIVATION_PRODUCT, ops.batch, 1.0)
    return Products(
        m=ops.m * ops.batch / batch,
        k=ops.k,
        n=ops.n,
        moving_bytes=ops.input_bytes / batch,
        stationary_bytes=stationary_bytes / batch,
        result_bytes=np.where(result, ops.output_bytes, 0.0) / batch,
        capacity_bytes=_buffer_bytes(chip, idx),
        max_n=np.full((1, 1), np.inf) if max_n is None else nominal(max_n),
        partial_write_factor=np.ones((1, 1)) if factor is None else nominal(factor),
    )


def _is_tiled(ops: OpTable) -> Bools:
    return ops.among(_TILED) & (ops.macs > 0) & (ops.input_bytes > 0)


def _buffer_bytes(chip: Chip, idx: int) -> Floats:
    """Return what a tile may fill of the nearest staging level before level `idx`: (chips, 1)."""
    for level in reversed(chip.levels[:idx]):
        if level.stages:
            return nominal(level.size_bytes) / (2.0 if chip.tiling.double_buffered else 1.0)
    return np.zeros((1, 1))
