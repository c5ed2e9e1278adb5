"""The least damaging choice, by solving the program over the few formats that could be part of it.

Prices on the budgets bound the damage of every choice from below. Under a guessed ceiling most formats of
most layers are ruled out, since whatever takes them ends above it. What is left goes to the solver: an
optimum below the ceiling is the optimum of all choices. A ceiling under which a layer has no format left, or
the solver finds nothing, is too low; one that leaves too many formats open is too high.
"""

import time
from dataclasses import replace

import numpy as np

from simulator.allocation.chain import chain, cheapest_through
from simulator.allocation.choices import Bools, Floats
from simulator.allocation.fronts import cheapest_through_within
from simulator.allocation.program import Answer, prices, program, solve
from simulator.allocation.scaled import SLACK, WHOLE, Scaled

FEW = 0.3
"""Formats beyond one per layer that are few to solve for, as a share of the layers.

This and the next two decide only how long it takes, and were quick on benchmarks/test_allocation.py.
"""

RAISE = 2.0
"""How many times further above the floor the next ceiling is, after one that was too low."""

NEAR = 1.3
"""A ceiling this many times further above the floor than one too low is solved for, few formats or not."""

LAST_SHARE = 0.5
"""Of the time limit, what a program may take even late: else all before it was in vain."""

ROUNDING = 1e-5
"""Of damages near `WHOLE`: the solver stops this near an optimum, and less than this may be rounding."""


def least_damage(choices: Scaled, *, time_limit_s: float) -> Answer | None:
    """Return the best choice within the budgets, and a bound on all; None if there is none.

    Damages are in a scale of their own.

    Raises:
        TimeoutError: if the time is over before one was found, or shown not to exist.
    """
    ends_s = time.monotonic() + time_limit_s
    possible = choices.possible
    worth = prices(program(choices, possible), len(choices.room)) if possible.any(axis=1).all() else None
    if worth is None:
        return None
    choices, worth = _near_whole(choices, worth, possible)
    priced = cheapest_through(chain(choices, worth, open_=possible))
    floor, highest = _least(priced), float(priced[possible].max())
    # Heights above the floor: no choice ends as low as `low`; `high` leaves too much, or is a known choice's.
    height, low, high = _first_height(priced), 0.0, np.inf
    best: Answer | None = None
    while True:
        ceiling = floor + height if floor + height < highest else np.inf
        open_ = _below(choices, worth, priced, ceiling)
        if best is not None and time.monotonic() > ends_s:
            return best
        if not open_.any(axis=1).all():
            low = height
        elif open_.sum() > len(open_) * (1 + FEW) and NEAR * low < height and np.isfinite(ceiling):
            high = height
        else:
            try:
                left_s = max(ends_s - time.monotonic(), LAST_SHARE * time_limit_s)
                found = solve(program(choices, open_), time_limit_s=left_s)
            except TimeoutError:
                if best is None:
                    raise
                return best
            if found is not None:
                best = replace(found, bound=min(found.bound, ceiling))
                if found.value <= ceiling + ROUNDING or found.bound < ceiling:
                    return best
                high = min(high, found.value - floor)
            elif np.isinf(ceiling):
                return None
            low = height
        height = _between(low, high if high > low else np.inf)


def _near_whole(choices: Scaled, worth: Floats, possible: Bools) -> tuple[Scaled, Floats]:
    """Return the choices and prices with damages such that the bound on them is `WHOLE`."""
    bound = _least(cheapest_through(chain(choices, worth, open_=possible)))
    factor = WHOLE / bound if bound > 0 else 1.0
    return replace(choices, damage=choices.damage * factor), worth * factor


def _least(through: Floats) -> float:
    return float(through.min(axis=1).max())


def _first_height(least: Floats) -> float:
    """Return how far above the floor a ceiling is that leaves few formats open."""
    n_open = int(len(least) * (1 + FEW))
    return float(np.sort(least, axis=None)[min(n_open, least.size - 1)]) - _least(least) + ROUNDING


def _between(low: float, high: float) -> float:
    """Return the height to try next, by ratios."""
    if np.isinf(high):
        return RAISE * low
    if low == 0:
        return high / RAISE
    return high if high <= NEAR * low else float(np.sqrt(low * high))


def _below(choices: Scaled, worth: Floats, least: Floats, ceiling: float) -> Bools:
    """Return the choices through which one may end within the ceiling: (layers, formats)."""
    open_: Bools = np.isfinite(least) & (least <= ceiling + ROUNDING)
    if np.isinf(ceiling):
        return open_
    for budget in np.flatnonzero(worth > 0):
        if not open_.any(axis=1).all():
            break
        through = cheapest_through_within(
            chain(choices, worth, open_=open_, apart=int(budget)),
            float(choices.room[budget]) + SLACK,
            price=float(worth[budget]),
            ceiling=ceiling + ROUNDING,
        )
        open_ = through <= ceiling + ROUNDING
    return open_
