"""What is chosen by where nothing can be measured, for want of weights: as many bits as the budget allows."""

from typing import TYPE_CHECKING

import numpy as np

from hwmodels.op_table import Floats

if TYPE_CHECKING:
    from quant.recipe import Recipe
    from simulator.mixing import Unit
    from simulator.mixtures.problem import Problem

ACTIVATION_SHARE = 1e-3
"""What giving up all bits of a unit's activations counts beside all of its weights': it breaks ties only."""


def bits_given_up(problem: "Problem") -> Floats:
    """Return the share of the network's weight bits that a unit gives up by a recipe: (units, recipes).

    Counted from the widest recipe there is. It stands in for damage where none is known, and says nothing of
    accuracy: which bits a network can do without is what sensitivities tell.
    """
    stored = problem.costs.packed_bytes
    widest = stored.max(axis=1, keepdims=True)
    narrow = np.array(
        [[_activation_bits(unit, recipe) for recipe in problem.recipes] for unit in problem.units]
    )
    missing = widest - stored + ACTIVATION_SHARE * widest * (1.0 - narrow / narrow.max())
    given_up: Floats = missing / widest.sum()
    return given_up


def _activation_bits(unit: "Unit", recipe: "Recipe") -> float:
    """Return the mean bits of what a unit's layers read."""
    return float(np.mean([recipe.layer_formats(layer).activation.bits for layer in unit.layers]))
