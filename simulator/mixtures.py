"""Which recipe each unit of a network follows on a chip, so that budgets hold in the mixed network itself.

The allocation (`simulator.allocation`) adds up units as they cost in uniform networks. The mixed network is
then estimated as it is; where that differs, by what stays on chip or how neighbours store what passes between
them, the difference is added to the sums and the choice is made again.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np

from hwmodels.chip import Chip
from hwmodels.op_table import Floats, Ints
from quant.recipe import Recipe
from simulator.allocation import Budget, Choices, allocate, least_excess, next_best, used
from simulator.annotate import annotated
from simulator.budgets import BUDGETS, Limit, used_of
from simulator.conversions import Conversions, activation_codes, conversions
from simulator.estimate import Estimate, estimate
from simulator.mixing import Unit, UnitCosts, mixed, unit_costs
from simulator.utterances import Utterance
from traces.workload import Workload

MOST_ROUNDS = 12
"""Choices made per question; sums are right within a percent, and two or three are enough."""

HALVINGS = 4
"""How often the offsets are halved between too loose and tight enough: to a sixteenth of the difference."""

MET = 1.0 + 1e-9
"""A budget used to this share is met: totals are sums of rounded floats."""

Sums = dict[str, float]
"""An amount of each of `BUDGETS`."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A network's units, the recipes each may follow, and what that costs and damages.

    damage: (units, recipes), such as the divergence with that unit alone quantized; inf where a unit cannot
    follow a recipe. `conversions` is None where all recipes compute with the same activations.
    """

    workload: Workload
    units: tuple[Unit, ...]
    recipes: tuple[Recipe, ...]
    chip: Chip
    utterances: tuple[Utterance, ...]
    damage: Floats
    costs: UnitCosts
    conversions: Conversions | None


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """A mixed network: the recipe's index of each unit, its summed damage, and its true cost."""

    chosen: tuple[int, ...]
    damage: float
    recipe: Recipe
    found: Estimate
    used: Sums
    """Of the network as it is."""
    summed: Sums
    """By adding up units, which the choice was made by."""

    def meets(self, limits: Sequence[Limit]) -> bool:
        """Return whether every budget holds."""
        return all(self.used[limit.key] <= limit.limit * MET for limit in limits)

    def excess(self, limits: Sequence[Limit]) -> float:
        """Return the worst excess over a budget, as a share of it; negative where all have room."""
        return max(self.used[limit.key] / limit.limit - 1.0 for limit in limits)


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """The answer: a mixture within all budgets, or the nearest miss.

    The least possible damage of the summed model is at most `gap`, a share, below. `offsets` are what the
    mixed network takes beyond the sum of its units, near the answer.
    """

    mixture: Mixture
    is_feasible: bool
    gap: float
    offsets: Sums
    n_rounds: int


def problem_of(
    workload: Workload,
    units: tuple[Unit, ...],
    recipes: tuple[Recipe, ...],
    chip: Chip,
    utterances: tuple[Utterance, ...],
    damage: Floats,
) -> Problem:
    """Return the problem of a float workload on a chip.

    Raises:
        EdgeAsrError: if a recipe does not fit the workload, or the chip has no rate for one of its formats.
    """
    costs = unit_costs(workload, units, recipes, chip, utterances)
    changes = conversions(workload, units, recipes, chip, utterances)
    return Problem(workload, units, recipes, chip, utterances, damage, costs, changes)


def mixture(problem: Problem, chosen: Sequence[int] | Ints) -> Mixture:
    """Return the network in which unit u follows recipe `chosen[u]`, estimated as it is.

    It is named by a digest of the choice, or as its one recipe.
    """
    indices = tuple(int(index) for index in chosen)
    names = [problem.recipes[index].name for index in indices]
    digest = sha256(json.dumps(names).encode()).hexdigest()[:8]
    name = names[0] if len(set(names)) == 1 else f"mixed-{digest}"
    recipe = mixed(problem.recipes, problem.units, indices, name=name)
    found = estimate(annotated(problem.workload, recipe), problem.chip, problem.utterances)
    damage = float(problem.damage[np.arange(len(indices)), list(indices)].sum())
    return Mixture(indices, damage, recipe, found, used_of(found), _summed(problem, indices))


def uniform(problem: Problem) -> tuple[Mixture, ...]:
    """Return the networks that follow one recipe throughout, in the recipes' order."""
    n_units = len(problem.units)
    return tuple(mixture(problem, (index,) * n_units) for index in range(len(problem.recipes)))


def solve(problem: Problem, limits: Sequence[Limit]) -> Solution:
    """Return the least damaging mixture that meets the budgets in truth, or the nearest miss.

    Raises:
        EdgeAsrError: if the solver finds nothing within its time.
    """
    search = _Search(problem, limits)
    offsets: Sums = dict.fromkeys(BUDGETS, 0.0)
    while search.n_rounds < MOST_ROUNDS:
        known = set(search.seen)
        tried = search.choose(offsets)
        again = tried.chosen in known
        if again and (tried.meets(limits) or not search.is_allocated):
            break
        offsets = _corrected(tried, limits, offsets, again=again)
    search.halve()
    return search.answer()


@dataclass(slots=True)
class _Search:
    """What `solve` has tried so far."""

    problem: Problem
    limits: Sequence[Limit]
    best: tuple[Mixture, float, Sums] | None = None
    missed: tuple[Mixture, float, Sums] | None = None
    loose: Sums | None = None
    """Offsets that led to the latest mixture that breaks a budget."""
    is_allocated: bool = True
    """Whether the last allocation met the budgets by its own sums."""
    n_rounds: int = 0
    seen: list[tuple[int, ...]] = field(default_factory=list)

    def choose(self, offsets: Sums) -> Mixture:
        """Return the mixture that is chosen with these offsets, and remember it."""
        found = allocate(_choices(self.problem, self.limits, offsets))
        tried = mixture(self.problem, found.formats)
        self.n_rounds += 1
        self.is_allocated = found.is_feasible
        self.seen.append(tried.chosen)
        if tried.meets(self.limits):
            if self.best is None or tried.damage < self.best[0].damage:
                self.best = tried, found.gap, offsets
        else:
            self.loose = offsets if found.is_feasible else self.loose
            if self.missed is None or tried.excess(self.limits) < self.missed[0].excess(self.limits):
                self.missed = tried, found.gap, offsets
        return tried

    def halve(self) -> None:
        """Look between offsets that are too loose and those of the best mixture for a better one."""
        if self.best is None or self.loose is None:
            return
        loose, tight = self.loose, self.best[2]
        for _ in range(HALVINGS):
            middle = {key: (loose[key] + tight[key]) / 2 for key in BUDGETS}
            if self.choose(middle).meets(self.limits):
                tight = middle
            elif self.is_allocated:
                loose = middle
            else:
                return

    def answer(self) -> Solution:
        kept = self.best or self.missed
        assert kept is not None  # noqa: S101 (every choice leaves one or the other)
        return Solution(kept[0], self.best is not None, kept[1], kept[2], self.n_rounds)


def alternatives(
    problem: Problem, limits: Sequence[Limit], solution: Solution, *, count: int, changes: int
) -> tuple[Mixture, ...]:
    """Return the next-best mixtures within budget, each different from all before in some units."""
    choices = _choices(problem, limits, solution.offsets)
    known = [np.array(solution.mixture.chosen)]
    found: list[Mixture] = []
    for _ in range(4 * count):
        other = next_best(choices, known, changes=changes)
        if other is None or len(found) == count:
            break
        known.append(other.formats)
        tried = mixture(problem, other.formats)
        if tried.meets(limits):
            found.append(tried)
    return tuple(found)


def relaxed(problem: Problem, limits: Sequence[Limit], solution: Solution) -> dict[str, float | None]:
    """Return, per budget, how large it must be so that all can be met; None where others stand in the way."""
    choices = _choices(problem, limits, solution.offsets)
    needed: dict[str, float | None] = {}
    for limit in limits:
        found = least_excess(choices, limit.key)
        others = [other for other in limits if other.key != limit.key]
        tried = None if found is None else mixture(problem, found.formats)
        needed[limit.key] = tried.used[limit.key] if tried is not None and tried.meets(others) else None
    return needed


def front(
    problem: Problem, key: str, limits: Sequence[Limit], *, n_points: int
) -> tuple[tuple[Mixture, ...], float]:
    """Return the least damaging mixtures at evenly spaced limits of one budget, and the worst gap.

    The other budgets hold throughout; points that break one in truth are left out.
    """
    others = [limit for limit in limits if limit.key != key]
    least = least_excess(_choices(problem, [*others, Limit(key, _floor(problem, key))], {}), key)
    most = allocate(_choices(problem, others, {}))
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


def _corrected(tried: Mixture, limits: Sequence[Limit], offsets: Sums, *, again: bool) -> Sums:
    """Return the offsets at a mixture; if it came up before, also what it exceeds a budget by, once more."""
    corrected = dict(offsets)
    for limit in limits:
        over = tried.used[limit.key] - limit.limit
        if again and over > 0:
            corrected[limit.key] += over + 1e-6 * limit.limit
        else:
            corrected[limit.key] = tried.used[limit.key] - tried.summed[limit.key]
    return corrected


def _choices(problem: Problem, limits: Sequence[Limit], offsets: Sums) -> Choices:
    budgets = [budget for limit in limits for budget in _budgets(problem, limit, offsets.get(limit.key, 0.0))]
    codes = activation_codes(problem.recipes, problem.units) if problem.conversions else None
    return Choices(problem.damage, tuple(budgets), computed_as=codes)


def _budgets(problem: Problem, limit: Limit, offset: float) -> list[Budget]:
    costs, changes = problem.costs, problem.conversions
    match limit.key:
        case "latency_s":
            fixed, change = costs.fixed_latency_s.mean(), changes.latency_s if changes else None
            return [Budget(limit.key, limit.limit, costs.latency_s, float(fixed) + offset, change)]
        case "energy_j":
            fixed, change = costs.fixed_energy_j.mean(), changes.energy_j if changes else None
            return [Budget(limit.key, limit.limit, costs.energy_j, float(fixed) + offset, change)]
        case "packed_bytes":
            fixed = costs.fixed_packed_bytes.mean()
            return [Budget(limit.key, limit.limit, costs.packed_bytes, float(fixed) + offset)]
        case _:
            return _moments(problem, limit, offset)


def _moments(problem: Problem, limit: Limit, offset: float) -> list[Budget]:
    """Return a budget per moment that could exceed the limit: while a unit runs, and while the rest does."""
    costs = problem.costs
    live, cache = costs.live_bytes, costs.cache_bytes
    most_cached = float(cache.max(axis=1).sum())
    rest = Budget(limit.key, limit.limit, cache, float(costs.fixed_live_bytes.min()) + offset)
    moments = [rest]
    for unit in range(len(live)):
        if float(live[unit].max()) + most_cached + offset > limit.limit:
            use = cache.copy()
            use[unit] += live[unit]
            moments.append(Budget(limit.key, limit.limit, use, offset))
    return moments


def _summed(problem: Problem, chosen: tuple[int, ...]) -> Sums:
    """Return what the units of a mixture add up to, of every budget."""
    sums: Sums = {}
    for key in BUDGETS:
        choices = _choices(problem, [Limit(key, 1.0)], {})
        sums[key] = max(used(choices, np.array(chosen)))
    return sums


def _floor(problem: Problem, key: str) -> float:
    """Return a limit that cannot be met."""
    choices = _choices(problem, [Limit(key, 1.0)], {})
    return 0.5 * min(float(budget.use.min(axis=1).sum()) + budget.fixed for budget in choices.budgets)
