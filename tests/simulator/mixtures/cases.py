"""A recogniser's choice on a chip with made-up damage, and one with so few free units that all is known."""

from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np

from hwmodels.chip_file import load_chip
from quant.methods.rtn import RtnConfig
from quant.recipe import MethodStep
from quant.uniform import uniform_recipe
from simulator.budgets import Limit
from simulator.mixing import units_of
from simulator.mixtures.problem import Mixture, Problem, mixture, problem_of
from simulator.networks import Networks
from simulator.utterances import Utterance
from traces.store import load_workload

NAMES = ("w8a8", "w8a16", "w3a8-g32")
FREE = (0, 3, 12, 24)
"""Units that may choose; the others follow one recipe, so that brute force is quick."""

ADDITIVE = "ethos-u85-256"
THRESHOLD = "raspberry-pi-5"
"""A chip whose weights are faster once all of them fit a cache: costs do not add up by units."""


@cache
def networks() -> Networks:
    return Networks(load_workload("moonshine-micro"), (Utterance(3.0, 8),))


@cache
def problem(chip: str = ADDITIVE) -> Problem:
    units = units_of(networks().workload)
    rng = np.random.default_rng(0)
    damage = rng.uniform(0.5, 1.5, (len(units), 1)) * np.array([[2e-3, 1e-3, 8e-2]])
    steps = (MethodStep("rtn", RtnConfig()),)
    recipes = tuple(uniform_recipe(name, steps) for name in NAMES)
    return problem_of(networks(), units, recipes=recipes, chip=load_chip(chip), damage=damage)


@cache
def small(chip: str = ADDITIVE, rest: int = 0) -> tuple[Problem, tuple[Mixture, ...]]:
    """A problem with a few free units, the rest in one recipe, and every mixture it has."""
    whole = problem(chip)
    damage = np.full_like(whole.damage, np.inf)
    damage[:, rest] = whole.damage[:, rest]
    damage[list(FREE)] = whole.damage[list(FREE)]
    few = replace(whole, damage=damage)
    mixtures = []
    for formats in product(range(len(NAMES)), repeat=len(FREE)):
        chosen = np.full(len(damage), rest)
        chosen[list(FREE)] = formats
        mixtures.append(mixture(few, chosen))
    return few, tuple(mixtures)


def between(mixtures: tuple[Mixture, ...], key: str, share: float) -> Limit:
    """Return a limit at a share of the way from the least to the most that mixtures use."""
    used = [each.used[key] for each in mixtures]
    return Limit(key, min(used) + share * (max(used) - min(used)))
