"""Placing: which memory level each op's operands live in, by liveness, sizes and what levels may hold."""

from collections.abc import Sequence

import numpy as np

from hwmodels.chip import Chip, Holding
from hwmodels.op_table import Floats, Ints, OpTable
from hwmodels.placement import Placement
from hwmodels.quantity import nominal

_AS_PACKED = np.zeros((1, 1))


def place(ops: OpTable, chip: Chip, *, beyond_packed_bytes: Floats = _AS_PACKED) -> Placement:
    """Return where the operands of each row live, (chips, rows); nearer is always better.

    - Activations live in the nearest level that holds everything alive while the op runs, row by row; where
      the compiler cascades ops, in the nearest that may hold any, stripe by stripe.
    - Caches live in the nearest level that has room for them beside the activations of all rows.
    - Weights live in the nearest level that has room for all of the network's beside both; else they stream
      from the farthest level that holds weights. They are as large as this chip stores them: packed, and
      `beyond_packed_bytes`, (chips, 1).

    What fits nowhere is placed in the farthest level that may hold it, with the bytes it exceeds it by.
    """
    size_bytes = tuple(nominal(level.size_bytes) for level in chip.levels)
    live = ops.live_bytes[None]
    levels_of_activations = _levels_that_hold(chip, "activations")
    stored_level = _nearest(live, size_bytes, levels_of_activations)
    activation_level = np.full_like(stored_level, levels_of_activations[0])
    if not chip.tiling.cascades:
        activation_level = stored_level
    most_live = live.max(axis=1, keepdims=True, initial=0.0)
    cache_bytes = _largest(ops.cache_bytes)
    cache_level = _nearest(cache_bytes + most_live, size_bytes, _levels_that_hold(chip, "caches"))
    weight_bytes = _largest(ops.network_weight_bytes) + beyond_packed_bytes
    weight_bytes = np.broadcast_to(weight_bytes, (len(weight_bytes), ops.n_rows))
    levels_of_weights = _levels_that_hold(chip, "weights")
    free_bytes = tuple(
        size - (most_live + cache_bytes if idx < levels_of_weights[-1] else 0.0)
        for idx, size in enumerate(size_bytes)
    )
    weight_level = _nearest(weight_bytes, free_bytes, levels_of_weights)
    excess_bytes, excess_level = _excess(
        size_bytes, (stored_level, live), (cache_level, cache_bytes), (weight_level, weight_bytes)
    )
    return Placement(
        weight_level=weight_level,
        activation_level=activation_level,
        second_level=np.where(ops.second_from_cache, cache_level, activation_level),
        output_level=np.where(ops.appended_to_cache, cache_level, activation_level),
        weights_resident=weight_level < levels_of_weights[-1],
        excess_bytes=excess_bytes,
        excess_level=excess_level,
    )


def _levels_that_hold(chip: Chip, what: Holding) -> tuple[int, ...]:
    """Return the indices of levels that may hold something, nearest first; chip files ensure there is one."""
    return tuple(idx for idx, level in enumerate(chip.levels) if what in level.holds)


def _largest(column: Floats) -> Floats:
    return np.array([[column.max(initial=0.0)]])


def _nearest(needed_bytes: Floats, size_bytes: Sequence[Floats], levels: tuple[int, ...]) -> Ints:
    """Return the nearest of `levels` that is large enough, else the last of them: (chips, rows).

    `needed_bytes`: (1, rows); `size_bytes`: (chips, 1) per level of the chip.
    """
    *nearer, farthest = levels
    nearest = np.full((1, needed_bytes.shape[1]), farthest, dtype=np.int64)
    for idx in reversed(nearer):
        nearest = np.where(needed_bytes <= size_bytes[idx], idx, nearest)
    return nearest


def _excess(size_bytes: Sequence[Floats], *held: tuple[Ints, Floats]) -> tuple[Floats, Ints]:
    """Return by how much the fullest level is exceeded while each op runs, and which it is: (chips, rows).

    `held` are pairs of the level something lives in and its bytes.
    """
    excess = [
        sum((np.where(level == idx, held_bytes, 0.0) for level, held_bytes in held), np.zeros((1, 1))) - size
        for idx, size in enumerate(size_bytes)
    ]
    most = np.maximum(np.stack(np.broadcast_arrays(*excess)), 0.0)
    return most.max(axis=0), most.argmax(axis=0)
