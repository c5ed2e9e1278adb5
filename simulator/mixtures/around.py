"""What lies around an answer: the next best mixtures, what to relax, and the front along one budget."""

from collections.abc import Sequence

import numpy as np

from simulator.allocation.allocate import allocate, least_excess, next_best
from simulator.budgets import Limit
from simulator.mixtures.problem import NO_OFFSETS, Mixture, Problem, choices, mixture
from simulator.mixtures.search import Solution, solve

TRIED_PER_ALTERNATIVE = 4
"""Choices looked at for each mixture wanted: some break a budget in truth."""


def alternatives(
    problem: Problem, limits: Sequence[Limit], *, solution: Solution, count: int, changes: int
) -> tuple[Mixture, ...]:
    """Return the next-best mixtures within budget, each different from all before in some units."""
    by_sums = choices(problem, limits, offsets=solution.mixture.offsets)
    known = [np.array(solution.mixture.chosen)]
    found: list[Mixture] = []
    for _ in range(TRIED_PER_ALTERNATIVE * count):
        other = next_best(by_sums, known, changes=changes)
        if other is None or len(found) == count:
            break
        known.append(other.formats)
        tried = mixture(problem, other.formats)
        if tried.meets(limits):
            found.append(tried)
    return tuple(found)


def relaxed(problem: Problem, limits: Sequence[Limit], *, solution: Solution) -> dict[str, float | None]:
    """Return, per budget, how large it must be so that all can be met; None where others stand in the way."""
    by_sums = choices(problem, limits, offsets=solution.mixture.offsets)
    needed: dict[str, float | None] = {}
    for limit in limits:
        found = least_excess(by_sums, limit.key)
        others = [other for other in limits if other.key != limit.key]
        tried = None if found is None else mixture(problem, found.formats)
        needed[limit.key] = tried.used[limit.key] if tried is not None and tried.meets(others) else None
    return needed


def front(
    problem: Problem, key: str, *, limits: Sequence[Limit], n_points: int
) -> tuple[tuple[Mixture, ...], float]:
    """Return the least damaging mixtures at evenly spaced limits of one budget, and the worst gap.

    The other budgets hold throughout; points that break one in truth are left out.
    """
    others = [limit for limit in limits if limit.key != key]
    least = least_excess(
        choices(problem, [*others, Limit(key, _floor(problem, key))], offsets=NO_OFFSETS), key
    )
    most = allocate(choices(problem, others, offsets=NO_OFFSETS))
    if least is None or not most.is_feasible:
        return (), 0.0
    low, high = (mixture(problem, found.formats).used[key] for found in (least, most))
    points: dict[tuple[int, ...], Mixture] = {}
    worst_gap = 0.0
    for limit in np.linspace(low, high, n_points):
        solution = solve(problem, [*others, Limit(key, float(limit))])
        if solution.is_feasible:
            points.setdefault(solution.mixture.chosen, solution.mixture)
            worst_gap = max(worst_gap, solution.gap)
    return tuple(points.values()), worst_gap


def _floor(problem: Problem, key: str) -> float:
    """Return a limit that cannot be met."""
    by_sums = choices(problem, [Limit(key, 1.0)], offsets=NO_OFFSETS)
    return 0.5 * min(float(budget.use.min(axis=1).sum()) + budget.fixed for budget in by_sums.budgets)
