"""What it costs on a chip when a unit hands its result to one that computes in another activation format.

The additive model of `simulator.mixing` takes a unit's ops from a uniform network, in which neighbours agree.
The difference is measured by the simulator itself: networks that change from one recipe to the other at a
single place, against the sum of their units.
"""

from dataclasses import dataclass

import numpy as np

from hwmodels.chip import Chip
from hwmodels.op_table import Floats
from quant.recipe import Recipe
from simulator.annotate import annotated
from simulator.estimate import estimate
from simulator.mixing import Unit, mixed, unit_costs
from simulator.utterances import Utterance
from traces.workload import Workload

NOISE = 1e-6
"""Differences below this share of a network's cost are rounding of sums."""


@dataclass(frozen=True, slots=True, eq=False)
class Conversions:
    """The cost of a change of format between each unit and the next: (units - 1,) each, never negative."""

    latency_s: Floats
    energy_j: Floats


def conversions(
    workload: Workload,
    units: tuple[Unit, ...],
    recipes: tuple[Recipe, Recipe],
    chip: Chip,
    utterances: tuple[Utterance, ...],
) -> Conversions:
    """Return what changing between two recipes costs at each place, the mean of both directions.

    The recipes should differ in activations alone: weights of another width would change what stays on chip.

    Raises:
        EdgeAsrError: as `unit_costs`.
    """
    costs = unit_costs(workload, units, recipes, chip, utterances)
    n_units = len(units)
    latency_s, energy_j = np.zeros((2, n_units - 1)), np.zeros((2, n_units - 1))
    for direction in (0, 1):
        for place in range(n_units - 1):
            chosen = np.where(np.arange(n_units) <= place, direction, 1 - direction)
            recipe = mixed(recipes, units, tuple(int(index) for index in chosen), name="changes once")
            found = estimate(annotated(workload, recipe), chip, utterances)
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
