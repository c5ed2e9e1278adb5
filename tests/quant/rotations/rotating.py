"""Rotated networks for tests."""

from dataclasses import replace

from torch import nn
from transformers import PreTrainedModel

from quant.blocks.walk import set_parameters_
from quant.calibration import CalibrationBatch, CalibrationData
from quant.layers import working_copy
from quant.methods.quarot import QuarotConfig
from quant.methods.spinquant import SpinquantConfig
from quant.recipe import MethodStep, Recipe
from quant.rotations.apply import random_rotations
from quant.rotations.fold import rotated
from quant.rotations.restructure import restructure_
from quant.rotations.sites import sites_of
from tests.quant.networks import inputs, token_ids


def by_rotating(recipe: Recipe, config: QuarotConfig | SpinquantConfig | None = None) -> Recipe:
    """The recipe with a rotation in front of its methods: random ones if no settings are given."""
    config = config or QuarotConfig()
    name = "quarot" if isinstance(config, QuarotConfig) else "spinquant"
    return replace(recipe, name=name, methods=(MethodStep(name, config), *recipe.methods))


def restructured(model: PreTrainedModel, recipe: Recipe) -> PreTrainedModel:
    """A copy of the network with everything built in, rotated by the identity."""
    working = working_copy(model)
    restructure_(working, QuarotConfig(), recipe=recipe)
    return working


def rotate_(model: nn.Module, *, seed: int = 0) -> None:
    """Rotate a restructured network by random Hadamard matrices."""
    sites = sites_of(model)
    rotations = random_rotations(model, sites, seed=seed)
    set_parameters_(model, rotated(dict(model.named_parameters()), sites, rotations=rotations))


def single_utterances(model: PreTrainedModel) -> CalibrationData:
    """The utterances of `calibration`, one in a batch."""
    batches = zip(inputs(model), token_ids(), strict=True)
    return CalibrationData(tuple(CalibrationBatch(x.unsqueeze(0), ids.unsqueeze(0)) for x, ids in batches))
