"""Placing: which memory level each op's operands live in, by liveness, sizes and what levels may hold."""

import numpy as np

from hwmodels.chip import Chip, Holding
from hwmodels.op_table import Floats, Ints, OpTable
from hwmodels.placement import Placement


def place(ops: OpTable, chip: Chip) -> Placement:
    """Return where the operands of each row live; nearer is always better.

    - Activations live in the nearest level that holds everything alive while the op runs, row by row; where
      the compiler cascades ops, in the nearest that may hold any, stripe by stripe.
    - Caches live in the nearest level that has room for them beside the activations of all rows.
    - Weights live in the nearest level that has room for all of the network's beside both; else they stream
      from the farthest level that holds weights.

    What fits nowhere is placed in the farthest level that may hold it, with the bytes it exceeds it by.
    """
    size_bytes = np.array([level.size_bytes.value for level in chip.levels])
    live = ops.live_bytes
    levels_of_activations = _levels_that_hold(chip, "activations")
    activation_level = _nearest(live, size_bytes, levels_of_activations)
    stored_level = activation_level
    if chip.tiling.cascades:
        activation_level = np.full_like(activation_level, levels_of_activations[0])
    most_live = float(live.max(initial=0.0))
    cache_bytes = float(ops.cache_bytes.max(initial=0.0))
    cache_level = int(
        _nearest(_alone(cache_bytes + most_live), size_bytes, _levels_that_hold(chip, "caches"))[0]
    )
    weight_bytes = float(ops.network_weight_bytes.max(initial=0.0))
    levels_of_weights = _levels_that_hold(chip, "weights")
    beside = most_live + cache_bytes
    taken = np.where(np.arange(len(chip.levels)) < levels_of_weights[-1], beside, 0.0)
    weight_level = int(_nearest(_alone(weight_bytes), size_bytes - taken, levels_of_weights)[0])
    cached = np.full(ops.n_rows, cache_level, dtype=np.int64)
    excess_bytes, excess_level = _excess(
        size_bytes, stored_level, live, (cache_level, cache_bytes), (weight_level, weight_bytes)
    )
    return Placement(
        weight_level=np.full(ops.n_rows, weight_level, dtype=np.int64),
        activation_level=activation_level,
        second_level=np.where(ops.second_from_cache, cached, activation_level),
        output_level=np.where(ops.appended_to_cache, cached, activation_level),
        weights_resident=np.full(ops.n_rows, weight_level < levels_of_weights[-1]),
        excess_bytes=excess_bytes,
        excess_level=excess_level,
    )


def _levels_that_hold(chip: Chip, what: Holding) -> Ints:
    """Return the indices of levels that may hold something, nearest first; chip files ensure there is one."""
    return np.array([idx for idx, level in enumerate(chip.levels) if what in level.holds], dtype=np.int64)


def _alone(size_bytes: float) -> Floats:
    return np.array([size_bytes])


def _nearest(needed_bytes: Floats, size_bytes: Floats, levels: Ints) -> Ints:
    """Return the nearest of `levels` that is large enough, else the last of them: (rows,)."""
    enough = needed_bytes[:, None] <= size_bytes[levels][None, :]
    enough[:, -1] = True
    nearest: Ints = levels[np.argmax(enough, axis=1)]
    return nearest


def _excess(
    size_bytes: Floats,
    activation_level: Ints,
    live_bytes: Floats,
    caches: tuple[int, float],
    weights: tuple[int, float],
) -> tuple[Floats, Ints]:
    """Return by how much the fullest level is exceeded while each op runs, and which it is: (rows,) each.

    `caches` and `weights` are pairs of level and bytes.
    """
    occupied = np.zeros((len(live_bytes), len(size_bytes)))
    occupied[np.arange(len(live_bytes)), activation_level] += live_bytes
    for level, held_bytes in (caches, weights):
        occupied[:, level] += held_bytes
    excess = np.maximum(occupied - size_bytes, 0.0)
    return excess.max(axis=1), excess.argmax(axis=1)
