"""The choice itself: units, the recipes each may follow, and what a choice takes by sums and in truth.

The allocation (`simulator.allocation`) adds up units as they cost in uniform networks. A mixed network may
take a little more or less, by what stays on chip or how neighbours store what passes between them: that is
its offset, which is known once it was estimated as it is.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

import numpy as np

from hwmodels.chip import Chip
from hwmodels.op_table import Floats, Ints
from quant.recipe import Recipe
from simulator.allocation.choices import MET, Budget, Choices, used
from simulator.budgets import BUDGETS, Limit, used_of
from simulator.conversions import Conversions, activation_codes, conversions
from simulator.estimate import Estimate
from simulator.mixing import Unit, UnitCosts, mixed, unit_costs
from simulator.networks import Networks

Sums = dict[str, float]
"""An amount of each of `BUDGETS`."""

NO_OFFSETS: Sums = dict.fromkeys(BUDGETS, 0.0)

N_PROBES = 16
"""Mixtures drawn at random, with all shares of recipes, to see how far truth lies from sums on a chip."""

MARGIN = 2.0
"""How many times as far as in mixtures drawn at random offsets may reach: what is chosen is no such draw."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A network's units, the recipes each may follow, and what that costs and damages.

    damage: (units, recipes), such as the divergence with that unit alone quantized; inf where a unit cannot
    follow a recipe. `conversions` is None where all recipes compute with the same activations.
    """

    networks: Networks
    units: tuple[Unit, ...]
    recipes: tuple[Recipe, ...]
    chip: Chip
    damage: Floats
    costs: UnitCosts
    conversions: Conversions | None
    least_offsets: Sums = field(default_factory=NO_OFFSETS.copy)
    """The least that mixtures are taken to need beyond the sum of their units, below none for some."""


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
    """By adding up units, which choices are made by."""

    @property
    def offsets(self) -> Sums:
        """What the network takes beyond the sum of its units."""
        return {key: self.used[key] - self.summed[key] for key in BUDGETS}

    def meets(self, limits: Sequence[Limit]) -> bool:
        """Return whether every budget holds."""
        return all(self.used[limit.key] <= limit.limit * MET for limit in limits)

    def excess(self, limits: Sequence[Limit]) -> float:
        """Return the worst excess over a budget, as a share of it; negative where all have room."""
        return max(self.used[limit.key] / limit.limit - 1.0 for limit in limits)


def problem_of(
    networks: Networks, units: tuple[Unit, ...], *, recipes: tuple[Recipe, ...], chip: Chip, damage: Floats
) -> Problem:
    """Return the problem of a recogniser on a chip.

    Raises:
        EdgeAsrError: if a recipe does not fit the workload, or the chip has no rate for one of its formats.
    """
    costs = unit_costs(networks, units, recipes=recipes, chip=chip)
    changes = conversions(networks, units, recipes=recipes, chip=chip)
    problem = Problem(networks, units, recipes, chip, damage, costs, changes)
    least = least_offsets(_probes(problem))
    return replace(problem, least_offsets={key: MARGIN * offset for key, offset in least.items()})


def mixture(problem: Problem, chosen: Sequence[int] | Ints) -> Mixture:
    """Return the network in which unit u follows recipe `chosen[u]`, estimated as it is.

    It is named by a digest of the choice, or as its one recipe.
    """
    indices = tuple(int(index) for index in chosen)
    names = [problem.recipes[index].name for index in indices]
    digest = sha256(json.dumps(names).encode()).hexdigest()[:8]
    name = names[0] if len(set(names)) == 1 else f"mixed-{digest}"
    recipe = mixed(problem.recipes, problem.units, chosen=indices, name=name)
    found = problem.networks.estimate(recipe, problem.chip)
    damage = float(problem.damage[np.arange(len(indices)), list(indices)].sum())
    return Mixture(indices, damage, recipe, found, used_of(found), _summed(problem, indices))


def uniform(problem: Problem) -> tuple[Mixture, ...]:
    """Return the networks that follow one recipe throughout, in the recipes' order."""
    n_units = len(problem.units)
    return tuple(mixture(problem, (index,) * n_units) for index in range(len(problem.recipes)))


def least_offsets(mixtures: Iterable[Mixture]) -> Sums:
    """Return the least offset of some mixtures, of every budget on its own; none at most."""
    least = NO_OFFSETS.copy()
    for each in mixtures:
        offsets = each.offsets
        least = {key: min(least[key], offsets[key]) for key in BUDGETS}
    return least


def _probes(problem: Problem) -> tuple[Mixture, ...]:
    """Return mixtures drawn at random: the same ones on every chip that has the same recipes."""
    rng = np.random.default_rng(0)
    n_units, n_recipes = len(problem.units), len(problem.recipes)
    shares = rng.dirichlet(np.ones(n_recipes), size=N_PROBES)
    return tuple(mixture(problem, rng.choice(n_recipes, size=n_units, p=share)) for share in shares)


def choices(problem: Problem, limits: Sequence[Limit], *, offsets: Sums) -> Choices:
    """Return the problem as the allocation takes it: units add up, and `offsets` are taken beyond them."""
    budgets = [budget for limit in limits for budget in _budgets(problem, limit, offsets[limit.key])]
    codes = activation_codes(problem.recipes, problem.units) if problem.conversions else None
    return Choices(problem.damage, tuple(budgets), computed_as=codes)


def _budgets(problem: Problem, limit: Limit, offset: float) -> list[Budget]:
    costs, changes = problem.costs, problem.conversions
    match limit.key:
        case "latency_s":
            use = _shared_out(costs.latency_s, costs.fixed_latency_s)
            return [Budget(limit.key, limit.limit, use, offset, changes.latency_s if changes else None)]
        case "energy_j":
            use = _shared_out(costs.energy_j, costs.fixed_energy_j)
            return [Budget(limit.key, limit.limit, use, offset, changes.energy_j if changes else None)]
        case "packed_bytes":
            use = _shared_out(costs.packed_bytes, costs.fixed_packed_bytes)
            return [Budget(limit.key, limit.limit, use, offset)]
        case _:
            return _moments(problem, limit, offset)


def _shared_out(of_units: Floats, fixed: Floats) -> Floats:
    """Return what units take with an equal share each of what belongs to none: (units, recipes).

    So the sums of uniform networks are exact, and `simulator.conversions` counts mixed ones alike.
    """
    shared: Floats = of_units + fixed / len(of_units)
    return shared


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
        sums[key] = max(used(choices(problem, [Limit(key, 1.0)], offsets=NO_OFFSETS), np.array(chosen)))
    return sums
