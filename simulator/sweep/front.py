"""Which points no other beats in any of several objectives, and what beats the rest."""

import numpy as np

from hwmodels.op_table import Bools, Floats, Ints

NONE = -1
"""In place of a position: nothing dominates this one, or it does not take part."""


def dominators(objectives: Floats, takes_part: Bools) -> Ints:
    """Return for each point one on the front that is at most as large in all objectives: (points,).

    `objectives`: (points, objectives), all to be small. Points of the front, and those that take no part or
    have an objective that is not a number, have -1. Of equal points the first is on the front.
    """
    found = np.full(len(objectives), NONE, dtype=np.int64)
    left = np.flatnonzero(takes_part & ~np.isnan(objectives).any(axis=1))
    # Whatever has the smallest sum of ranks is beaten by nothing that is left: ranks are exact, sums are not.
    ranks = np.column_stack([np.unique(column, return_inverse=True)[1] for column in objectives[left].T])
    order = np.argsort(ranks.sum(axis=1), kind="stable")
    left, ranks = left[order], ranks[order]
    while len(left):
        beaten = (ranks[0] <= ranks).all(axis=1)
        found[left[beaten]] = left[0]
        found[left[0]] = NONE
        left, ranks = left[~beaten], ranks[~beaten]
    return found


def on_front(objectives: Floats, takes_part: Bools, *, dominated_by: Ints) -> Bools:
    """Return which points are on the front, given what `dominators` says: (points,)."""
    front: Bools = takes_part & ~np.isnan(objectives).any(axis=1) & (dominated_by == NONE)
    return front
