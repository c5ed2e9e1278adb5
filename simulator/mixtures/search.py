"""The least damaging mixture that meets budgets in truth, by choices whose sums are corrected by the truth.

Uniform networks are tried first. Then a mixture within the budgets is sought: one is chosen by sums,
estimated as it is, the sums corrected by what it takes beyond its own, and so on. Then it is proven or
bettered: with the least correction that any mixture seen so far needed, a choice is as free as any of them
was; the least damaging one is tried, and left out if it breaks a budget, until none is left that would damage
less.
"""

import math
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from hwmodels.op_table import Ints
from simulator.allocation.allocate import Allocation, allocate, next_best
from simulator.budgets import BUDGETS, Limit
from simulator.mixtures.problem import NO_OFFSETS, Mixture, Problem, Sums, choices, least_offsets, mixture
from traces.errors import EdgeAsrError

MOST_CORRECTIONS = 12
"""Sums are right within a percent, and two or three corrections are enough."""

HALVINGS = 4
"""How often the offsets are halved between too loose and tight enough: to a sixteenth of the difference."""

MOST_REFUTED = 24
"""Mixtures that are left out, one by one, before a gap is reported instead."""

EQUAL = 1.0 + 1e-9
"""Damages within this share are the same: sums of rounded floats."""

TIME_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """The answer: a mixture within all budgets, or the nearest miss.

    No mixture that needs at least the least correction seen has less than `1 - gap` of its damage. `n_tried`
    mixtures were costed on the way.
    """

    mixture: Mixture
    is_feasible: bool
    gap: float
    n_tried: int


def solve(problem: Problem, limits: Sequence[Limit], *, time_limit_s: float = TIME_LIMIT_S) -> Solution:
    """Return the least damaging mixture that meets the budgets in truth, or the nearest miss.

    Of misses as near as each other it is the least damaging. Where the time ends first, the gap says how much
    may be left to gain.

    Raises:
        EdgeAsrError: if the solver finds nothing at all within its time.
    """
    search = _Search(problem, limits, time.monotonic() + time_limit_s)
    search.start()
    search.run()
    if search.best is not None:
        return Solution(search.best, is_feasible=True, gap=search.gap, n_tried=len(search.tried))
    missed = search.nearest
    share = 1.0 + missed.excess(limits)
    near = _Search(problem, [Limit(limit.key, limit.limit * share) for limit in limits], search.ends_s)
    with suppress(EdgeAsrError):
        near.run()
    gap = near.gap if near.best is not None else 0.0
    n_tried = len(search.tried) + len(near.tried)
    return Solution(near.best or missed, is_feasible=False, gap=gap, n_tried=n_tried)


@dataclass(slots=True)
class _Search:
    """What was tried so far within some limits."""

    problem: Problem
    limits: Sequence[Limit]
    ends_s: float
    best: Mixture | None = None
    bound: float = 0.0
    """No mixture has less damage, but for those that need less correction than any that was tried."""
    tried: dict[tuple[int, ...], Mixture] = field(default_factory=dict)

    @property
    def gap(self) -> float:
        """By which share of its damage the best mixture may miss the least."""
        damage = self.best.damage if self.best is not None else 0.0
        return max(1.0 - self.bound / damage, 0.0) if damage > 0 else 0.0

    @property
    def nearest(self) -> Mixture:
        """The mixture that exceeds a budget least."""
        return min(self.tried.values(), key=lambda each: each.excess(self.limits))

    def start(self) -> None:
        """Try the uniform networks: no answer is worse than one of them."""
        n_units, n_recipes = self.problem.damage.shape
        for index in range(n_recipes):
            if np.isfinite(self.problem.damage[:, index]).all():
                self._try((index,) * n_units)

    def run(self) -> None:
        """Find, then prove; a solver that is out of time ends both, but takes away nothing that was found.

        Raises:
            EdgeAsrError: if that is nothing at all.
        """
        try:
            self.find()
            self.prove()
        except EdgeAsrError:
            if not self.tried:
                raise

    def find(self) -> None:
        """Look for a mixture within the budgets, then for better ones between it and those beyond."""
        offsets, loose, tight = NO_OFFSETS, None, None
        for _ in range(MOST_CORRECTIONS):
            allocated = self._allocate(offsets)
            again = tuple(allocated.formats.tolist()) in self.tried
            found = self._try(allocated.formats)
            if found.meets(self.limits):
                tight = offsets
            elif allocated.is_feasible:
                loose = offsets
            if self._is_late() or (again and (found.meets(self.limits) or not allocated.is_feasible)):
                break
            offsets = self._corrected(found, offsets, again=again)
        for _ in range(HALVINGS if loose and tight else 0):
            if self._is_late() or loose is None or tight is None:
                return
            middle = {key: (loose[key] + tight[key]) / 2 for key in BUDGETS}
            allocated = self._allocate(middle)
            if self._try(allocated.formats).meets(self.limits):
                tight = middle
            elif allocated.is_feasible:
                loose = middle
            else:
                return

    def prove(self) -> None:
        """Try what would be better than the best by the most hopeful sums, until nothing would be."""
        refuted: list[Mixture] = []
        while len(refuted) < MOST_REFUTED and not self._is_late():
            hopeful = choices(self.problem, self.limits, offsets=self._least_offsets())
            known = [np.array(each.chosen) for each in refuted]
            found = next_best(hopeful, known, changes=1, time_limit_s=self._left_s())
            most = self.best.damage if self.best is not None else math.inf
            if found is None:
                self.bound = most if not self._is_late() else self.bound
                return
            self.bound = min(found.damage * (1.0 - found.gap), most)
            if found.damage * EQUAL >= most:
                return
            tried = self._try(found.formats)
            if not tried.meets(self.limits):
                refuted.append(tried)
                self._try(self._allocate(tried.offsets).formats)

    def _allocate(self, offsets: Sums) -> Allocation:
        return allocate(choices(self.problem, self.limits, offsets=offsets), time_limit_s=self._left_s())

    def _try(self, formats: Sequence[int] | Ints) -> Mixture:
        chosen = tuple(int(index) for index in formats)
        found = self.tried.get(chosen) or mixture(self.problem, chosen)
        self.tried[chosen] = found
        if found.meets(self.limits) and (self.best is None or found.damage < self.best.damage):
            self.best = found
        return found

    def _corrected(self, found: Mixture, offsets: Sums, *, again: bool) -> Sums:
        """Return the offsets of a mixture; if it came up before, also what it exceeds a budget by."""
        corrected = dict(offsets)
        for limit in self.limits:
            over = found.used[limit.key] - limit.limit
            if again and over > 0:
                corrected[limit.key] += over + 1e-6 * limit.limit
            else:
                corrected[limit.key] = found.offsets[limit.key]
        return corrected

    def _least_offsets(self) -> Sums:
        seen, before = least_offsets(self.tried.values()), self.problem.least_offsets
        return {key: min(seen[key], before[key]) for key in BUDGETS}

    def _left_s(self) -> float:
        return max(self.ends_s - time.monotonic(), 0.1)

    def _is_late(self) -> bool:
        return time.monotonic() >= self.ends_s
