"""What it costs on a chip when a unit hands its result to one that computes with other activations.

The additive model of `simulator.mixing` takes a unit's ops from a uniform network, in which neighbours agree.
The difference is found by the simulator itself: networks that change from one kind of activations to another
at a single place, against the sum of their units.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from hwmodels.chip import Chip
from hwmodels.op_table import Floats, Ints
from quant.recipe import Recipe
from simulator.mixing import Unit, mixed, unit_costs
from simulator.networks import Networks

NOISE = 1e-6
"""Differences below this share of a network's cost are rounding of sums."""


@dataclass(frozen=True, slots=True, eq=False)
class Conversions:
    """The cost of a change of activations between each unit and the next: (units - 1,), never negative."""

    latency_s: Floats
    energy_j: Floats


def conversions(
    networks: Networks, units: tuple[Unit, ...], *, recipes: tuple[Recipe, ...], chip: Chip
) -> Conversions | None:
    """Return what changing activations costs at each place, the mean of both directions; None if all agree.

    It is measured between the first two kinds of activations, with weights as they are in the narrower.

    Raises:
        EdgeAsrError: as `unit_costs`.
    """
    codes = activation_codes(recipes, units)[0]
    if len(set(codes.tolist())) < 2:
        return None
    first, second = recipes[0], recipes[int(np.argmax(codes != codes[0]))]
    pair = (first, second) if not _is_float(first, units) else (second, first)
    alike = (pair[0], _with_activations(pair[0], pair[1], units))
    costs = unit_costs(networks, units, recipes=alike, chip=chip)
    n_units = len(units)
    latency_s, energy_j = np.zeros((2, n_units - 1)), np.zeros((2, n_units - 1))
    for (direction, place), (chosen, recipe) in _changing_once(alike, units).items():
        found = networks.estimate(recipe, chip)
        share = (place + 1) / n_units
        for extra, true, of_units, fixed in (
            (latency_s, found.latency_s(), costs.latency_s, costs.fixed_latency_s),
            (energy_j, found.energy_j(), costs.energy_j, costs.fixed_energy_j),
        ):
            whole = float(true.nominal.mean())
            rest = share * fixed[direction] + (1 - share) * fixed[1 - direction]
            difference = whole - of_units[np.arange(n_units), chosen].sum() - rest
            extra[direction, place] = difference if abs(difference) > NOISE * whole else 0.0
    return Conversions(np.maximum(latency_s.mean(axis=0), 0.0), np.maximum(energy_j.mean(axis=0), 0.0))


@lru_cache(maxsize=8)
def _changing_once(
    pair: tuple[Recipe, Recipe], units: tuple[Unit, ...]
) -> dict[tuple[int, int], tuple[tuple[int, ...], Recipe]]:
    """Return, by direction and place, networks that change there: each unit's recipe, and the whole's.

    The same for all chips with the same recipes.
    """
    found = {}
    for direction in (0, 1):
        for place in range(len(units) - 1):
            chosen = tuple(direction if idx <= place else 1 - direction for idx in range(len(units)))
            found[direction, place] = chosen, mixed(pair, units, chosen=chosen, name="changes once")
    return found


def activation_codes(recipes: tuple[Recipe, ...], units: tuple[Unit, ...]) -> Ints:
    """Return codes that are equal where recipes compute with the same activations: (units, recipes)."""
    kinds = [
        tuple(recipe.layer_formats(unit.layers[-1]).activation.name for unit in units) for recipe in recipes
    ]
    known = list(dict.fromkeys(kinds))
    return np.tile(np.array([known.index(kind) for kind in kinds], dtype=np.int64), (len(units), 1))


def _is_float(recipe: Recipe, units: tuple[Unit, ...]) -> bool:
    return all(recipe.layer_formats(unit.layers[-1]).activation.is_float for unit in units)


def _with_activations(recipe: Recipe, other: Recipe, units: tuple[Unit, ...]) -> Recipe:
    """Return a recipe's weights with the activations and attention of another."""
    rules = tuple(
        replace(
            recipe.layer_formats(module), modules=(module,), activation=other.layer_formats(module).activation
        )
        for unit in units
        for module in unit.layers
    )
    return replace(
        recipe,
        name=f"{recipe.name} as {other.name}",
        layers=(*rules, *recipe.layers),
        attention=other.attention,
    )
