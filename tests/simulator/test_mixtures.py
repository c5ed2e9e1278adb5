"""Mixtures meet their budgets in the mixed network itself, and are the least damaging that do."""

from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest

from hwmodels.chip_file import load_chip
from quant.methods.rtn import RtnConfig
from quant.recipe import MethodStep
from quant.uniform import uniform_recipe
from simulator.budgets import Limit
from simulator.mixing import units_of
from simulator.mixtures import (
    Mixture,
    Problem,
    alternatives,
    front,
    mixture,
    problem_of,
    relaxed,
    solve,
    uniform,
)
from simulator.utterances import Utterance
from traces.store import load_workload

NAMES = ("w8a8", "w8a16", "w3a8-g32")
FREE = (0, 3, 12, 24)
"""Units that may choose; the others follow the first recipe, so that brute force is quick."""


@cache
def problem(chip: str = "ethos-u85-256") -> Problem:
    workload = load_workload("moonshine-micro")
    units = units_of(workload)
    rng = np.random.default_rng(0)
    damage = rng.uniform(0.5, 1.5, (len(units), 1)) * np.array([[2e-3, 1e-3, 8e-2]])
    steps = (MethodStep("rtn", RtnConfig()),)
    recipes = tuple(uniform_recipe(name, steps) for name in NAMES)
    return problem_of(workload, units, recipes, load_chip(chip), (Utterance(3.0, 8),), damage)


@cache
def small() -> tuple[Problem, tuple[Mixture, ...]]:
    """A problem with a few free units, and every mixture it has."""
    whole = problem()
    damage = whole.damage.copy()
    fixed = np.setdiff1d(np.arange(len(damage)), FREE)
    damage[fixed, 1:] = np.inf
    few = replace(whole, damage=damage)
    mixtures = []
    for formats in product(range(len(NAMES)), repeat=len(FREE)):
        chosen = np.zeros(len(damage), dtype=np.int64)
        chosen[list(FREE)] = formats
        mixtures.append(mixture(few, chosen))
    return few, tuple(mixtures)


def between(key: str, share: float) -> Limit:
    _, mixtures = small()
    used = [each.used[key] for each in mixtures]
    return Limit(key, min(used) + share * (max(used) - min(used)))


@pytest.mark.parametrize(
    "limits",
    [
        (between("packed_bytes", 0.5),),
        (between("latency_s", 0.4),),
        (between("packed_bytes", 0.6), between("latency_s", 0.6)),
        (between("packed_bytes", 0.4), between("energy_j", 0.5), between("sram_bytes", 0.5)),
    ],
    ids=lambda limits: "+".join(limit.key for limit in limits),
)
def test_the_answer_is_the_best_of_all_mixtures(limits: tuple[Limit, ...]) -> None:
    few, mixtures = small()
    found = solve(few, limits)
    assert found.is_feasible
    assert found.mixture.meets(limits)
    best = min(each.damage for each in mixtures if each.meets(limits))
    assert found.mixture.damage == pytest.approx(best)
    assert found.gap == pytest.approx(0.0, abs=1e-6)


def test_a_budget_at_the_optimum_is_met_and_one_epsilon_below_it_is_not() -> None:
    limits = (Limit("packed_bytes", 1.4e6), Limit("latency_s", 0.0155))
    found = solve(problem(), limits).mixture
    exact = tuple(Limit(limit.key, found.used[limit.key]) for limit in limits)
    again = solve(problem(), exact)
    assert again.is_feasible
    assert again.mixture.meets(exact)
    # Costs of a mixture are not quite the sums of its units': corrected from other limits, the search may
    # even end a little better.
    assert again.mixture.damage <= found.damage * (1 + 1e-9)
    below = (replace(exact[0], limit=exact[0].limit - 1), exact[1])
    assert not found.meets(below)
    other = solve(problem(), below)
    assert not other.is_feasible or other.mixture.used["packed_bytes"] < found.used["packed_bytes"]


def test_what_cannot_be_met_says_what_to_relax() -> None:
    smallest = min(each.used["packed_bytes"] for each in uniform(problem()))
    limits = (Limit("packed_bytes", smallest / 2), Limit("latency_s", 1.0))
    found = solve(problem(), limits)
    assert not found.is_feasible
    assert found.mixture.excess(limits) == pytest.approx(1.0, abs=1e-6)
    needed = relaxed(problem(), limits, found)
    assert needed == {"packed_bytes": pytest.approx(smallest), "latency_s": None}
    assert solve(problem(), (Limit("packed_bytes", smallest), limits[1])).is_feasible


def test_two_budgets_out_of_reach_need_both() -> None:
    limits = (Limit("packed_bytes", 1.0), Limit("latency_s", 1e-6))
    assert relaxed(problem(), limits, solve(problem(), limits)) == {"packed_bytes": None, "latency_s": None}


def test_the_peak_of_memory_decides_on_caches_and_activations() -> None:
    wide, narrow = uniform(problem())[1].used["sram_bytes"], uniform(problem())[0].used["sram_bytes"]
    assert narrow < wide
    limit = Limit("sram_bytes", (wide + narrow) / 2)
    found = solve(problem(), (limit,))
    assert found.is_feasible
    assert narrow <= found.mixture.used["sram_bytes"] <= limit.limit
    assert solve(problem(), (Limit("sram_bytes", wide),)).mixture.damage <= found.mixture.damage


def test_the_front_falls_and_starts_at_the_smallest() -> None:
    points, gap = front(problem(), "packed_bytes", (), n_points=5)
    used = [point.used["packed_bytes"] for point in points]
    damages = [point.damage for point in points]
    assert used == sorted(used)
    assert damages == sorted(damages, reverse=True)
    assert used[0] == pytest.approx(min(each.used["packed_bytes"] for each in uniform(problem())))
    assert damages[-1] == pytest.approx(float(problem().damage.min(axis=1).sum()))
    assert gap == pytest.approx(0.0, abs=1e-6)


def test_alternatives_differ_meet_the_budget_and_are_no_better() -> None:
    limits = (Limit("packed_bytes", 1.6e6),)
    found = solve(problem(), limits)
    others = alternatives(problem(), limits, found, count=2, changes=4)
    assert len(others) == 2
    chosen = [found.mixture.chosen, *(other.chosen for other in others)]
    for index, other in enumerate(others):
        assert other.meets(limits)
        assert other.damage >= found.mixture.damage
        for before in chosen[: index + 1]:
            assert sum(a != b for a, b in zip(before, other.chosen, strict=True)) >= 4


def test_a_mixture_is_named_by_its_choice() -> None:
    few, mixtures = small()
    assert len({each.recipe.name for each in mixtures}) == len(mixtures)
    assert uniform(few)[0].recipe.name == "w8a8"
    assert mixture(few, mixtures[5].chosen).recipe == mixtures[5].recipe
