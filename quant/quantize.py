"""From a float network and a recipe to a quantized network."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from quant.attention import quantize_attention_
from quant.calibration import CalibrationData, capture_ranges
from quant.methods import METHODS
from quant.methods.problem import Problem
from quant.modules import QuantizedConv1d, QuantizedEmbedding, QuantizedLinear, WeightStore
from quant.plan import Plan, PlannedLayer, make_plan
from quant.quantizer import Scale
from quant.recipe import Recipe
from quant.weights import QuantizedWeight
from traces.errors import EdgeAsrError
from traces.progress import Progress, silent

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True, slots=True, eq=False)
class QuantizedModel:
    """A network that computes as its recipe says.

    `model` is of the class it was made from and generates as before; its planned layers are those of
    `quant.modules`. `n_utterances` and `n_tokens` count the calibration data, 0 where none was needed.
    """

    model: "PreTrainedModel"
    recipe: Recipe
    n_utterances: int = 0
    n_tokens: int = 0


def quantize(
    model: "PreTrainedModel",
    recipe: Recipe,
    calibration: CalibrationData | None = None,
    *,
    progress: Progress = silent,
) -> QuantizedModel:
    """Return the network quantized by a recipe; the given one is not changed.

    Weights that stay float, biases and norms are rounded to float16 and computed in
    float32, so that what is measured is what a checkpoint stores. Memory grows by the codes and these, not
    by a copy.

    Raises:
        EdgeAsrError: the recipe does not fit the network (see `quant.plan`), a weight is not finite or too
            large, or a fixed activation range has to be found and there is no calibration data.
    """
    plan = make_plan(model, recipe)
    working = _working_copy(model)
    weights = _rounded_weights(working, plan, recipe, calibration, progress)
    statics = _static_scales(working, plan, recipe, calibration)
    replace_layers_(working, plan, weights, statics)
    quantize_attention_(working, plan.attention)
    _round_floats_(working)
    data = calibration or CalibrationData(())
    return QuantizedModel(working, recipe, n_utterances=data.n_utterances, n_tokens=data.n_tokens)


def replace_layers_(
    model: nn.Module, plan: Plan, weights: Mapping[str, QuantizedWeight], statics: Mapping[str, Scale]
) -> None:
    """Put quantized layers in the place of the planned ones; tied layers share one weight."""
    replaced: dict[str, WeightStore] = {}
    for layer in plan.layers:
        static = statics.get(layer.module)
        quantized = _quantized_layer(
            model.get_submodule(layer.module), layer, weights[layer.weight_of], static
        )
        if layer.is_tied:
            quantized.tie_weight_(replaced[layer.weight_of])
        replaced[layer.module] = quantized
    for name, quantized in replaced.items():
        model.set_submodule(name, quantized)


def _quantized_layer(
    module: nn.Module, layer: PlannedLayer, weight: QuantizedWeight, static: Scale | None
) -> WeightStore:
    match module:
        case nn.Linear():
            return QuantizedLinear(weight, module.bias, activation=layer.activation, static=static)
        case nn.Conv1d():
            return QuantizedConv1d.like(module, weight, activation=layer.activation, static=static)
        case nn.Embedding():
            return QuantizedEmbedding(weight)
    raise EdgeAsrError(f"module '{layer.module}' is a {type(module).__name__}, which has no quantized form")


def _working_copy(model: "PreTrainedModel") -> "PreTrainedModel":
    """Return a copy in eval mode whose parameters are new objects over the same storage, in float32."""
    memo: dict[int, object] = {}
    for parameter in model.parameters():
        memo[id(parameter)] = nn.Parameter(parameter.detach().float(), requires_grad=False)
    working: PreTrainedModel = copy.deepcopy(model, memo)
    return working.eval()


def _rounded_weights(
    working: nn.Module, plan: Plan, recipe: Recipe, calibration: CalibrationData | None, progress: Progress
) -> dict[str, QuantizedWeight]:
    layers = tuple(layer for layer in plan.layers if not layer.is_tied)
    problem = Problem(working, layers, calibration, progress)
    weights: dict[str, QuantizedWeight] = {}
    with torch.no_grad():
        for step in recipe.methods:
            weights |= METHODS[step.name].run(problem, step.config)
    missing = [layer.module for layer in layers if layer.module not in weights]
    if missing:
        raise EdgeAsrError(
            f"recipe '{recipe.name}': no method rounds the weight of '{missing[0]}'; end its methods with rtn"
        )
    return weights


def _static_scales(
    working: nn.Module, plan: Plan, recipe: Recipe, calibration: CalibrationData | None
) -> dict[str, Scale]:
    formats = {
        layer.module: layer.activation
        for layer in plan.layers
        if not layer.activation.is_float and not layer.activation.dynamic
    }
    if not formats:
        return {}
    if calibration is None or not calibration.batches:
        name, number = next(iter(formats.items()))
        raise EdgeAsrError(
            f"recipe '{recipe.name}' gives module '{name}' activations in {number}, whose range is fixed by "
            "data; give calibration data, or a dynamic format such as int8_token"
        )
    return capture_ranges(working, formats, calibration)


def _round_floats_(working: nn.Module) -> None:
    """Round every parameter that is left to float16; tied ones stay tied."""
    rounded: dict[int, nn.Parameter] = {}
    for module_name, module in working.named_modules():
        for name, parameter in module.named_parameters(recurse=False):
            if id(parameter) not in rounded:
                rounded[id(parameter)] = _as_float16(parameter, f"{module_name}.{name}")
            setattr(module, name, rounded[id(parameter)])


def _as_float16(parameter: Tensor, name: str) -> nn.Parameter:
    numbers = parameter.detach().half().float()
    if not bool(torch.isfinite(numbers).all()):
        raise EdgeAsrError(
            f"parameter '{name}' is not finite in float16 (largest {float(parameter.abs().max()):.3g}), "
            "in which checkpoints store floats"
        )
    return nn.Parameter(numbers, requires_grad=False)
