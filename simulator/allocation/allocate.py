"""Which format each layer gets within budgets: the least damaging, the next best, and the nearest miss."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from simulator.allocation.choices import Budget, Choices, Ints, used
from simulator.allocation.program import program, solve
from simulator.allocation.scaled import scaled
from simulator.allocation.search import least_damage
from traces.errors import EdgeAsrError


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """A choice: format index per layer (layers,), its summed damage, and what it uses of each budget.

    The least possible damage lies no more than `gap` (a share of `damage`) below. `is_feasible` is false for
    a nearest miss, whose worst excess over any budget, as a share of it, is the least possible.
    """

    formats: Ints
    damage: float
    used: tuple[float, ...]
    gap: float
    is_feasible: bool


def allocate(choices: Choices, *, time_limit_s: float = 60.0) -> Allocation:
    """Return the least damaging choice within all budgets, or the nearest miss where there is none.

    Raises:
        EdgeAsrError: if the solver finds nothing within its time.
    """
    try:
        best = least_damage(scaled(choices), time_limit_s=time_limit_s)
    except TimeoutError:
        raise _too_slow(time_limit_s) from None
    if best is not None:
        return _allocation(choices, best.formats, gap=best.gap)
    found = _nearest(choices, frozenset(b.name for b in choices.budgets), time_limit_s)
    assert found is not None  # noqa: S101 (with every budget relaxed, any choice will do)
    return found


def next_best(
    choices: Choices, known: Sequence[Ints], *, changes: int, time_limit_s: float = 60.0
) -> Allocation | None:
    """Return the least damaging choice within all budgets that differs from each known one in some layers.

    `changes` is in how many at least. None where there is none, or none was found in time.
    """
    n_layers, n_formats = choices.damage.shape
    unlike = tuple(
        Budget("layers as known", float(n_layers - changes), np.eye(n_formats)[formats]) for formats in known
    )
    among = scaled(replace(choices, budgets=(*choices.budgets, *unlike)))
    try:
        found = least_damage(among, time_limit_s=time_limit_s)
    except TimeoutError:
        return None
    return None if found is None else _allocation(choices, found.formats, gap=found.gap)


def least_excess(choices: Choices, name: str, *, time_limit_s: float = 60.0) -> Allocation | None:
    """Return the choice that exceeds the budgets of one name least, all others met; None if those cannot be.

    Where budgets can be met, an allocation that meets them.

    Raises:
        EdgeAsrError: if the solver finds nothing within its time.
    """
    return _nearest(choices, frozenset((name,)), time_limit_s)


def _nearest(choices: Choices, relaxed: frozenset[str], time_limit_s: float) -> Allocation | None:
    given = scaled(choices)
    of = program(
        given, np.isfinite(given.damage), relaxed=np.array([name in relaxed for name in given.names])
    )
    try:
        found = solve(of, time_limit_s=time_limit_s)
    except TimeoutError:
        raise _too_slow(time_limit_s) from None
    return (
        None
        if found is None
        else replace(_allocation(choices, found.formats, gap=found.gap), is_feasible=False)
    )


def _allocation(choices: Choices, formats: Ints, *, gap: float) -> Allocation:
    damage = float(choices.damage[np.arange(len(formats)), formats].sum())
    return Allocation(formats, damage, used(choices, formats), gap, is_feasible=True)


def _too_slow(time_limit_s: float) -> EdgeAsrError:
    return EdgeAsrError(f"no allocation was found within {time_limit_s:g} s; give it more time")
