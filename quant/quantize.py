"""From a float network and a recipe to a quantized network."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from quant.attention import quantize_attention_
from quant.calibration import CalibrationData, capture_ranges, scarcity
from quant.details import LayerDetail, layer_details
from quant.layers import replace_layers_, working_copy
from quant.methods import METHODS
from quant.methods.problem import Findings, Problem
from quant.plan import Plan, make_plan
from quant.quantizer import Scale
from quant.recipe import Recipe
from quant.restructure import restructure_
from quant.resume import block_store
from quant.scale_readers import scales_by_reader
from quant.shared_input import share_inputs_
from traces.errors import EdgeAsrError
from traces.progress import Progress, silent

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True, slots=True, eq=False)
class QuantizedModel:
    """A network that computes as its recipe says.

    `model` is of the class it was made from and generates as before; its planned layers are those of
    `quant.modules`. `n_utterances` and `n_tokens` count the calibration data, 0 where none was needed.
    `details` say how each layer came out, if they were asked for; `remarks` what the user should know.
    """

    model: "PreTrainedModel"
    recipe: Recipe
    n_utterances: int = 0
    n_tokens: int = 0
    details: tuple[LayerDetail, ...] = ()
    remarks: tuple[str, ...] = ()


def quantize(
    model: "PreTrainedModel",
    recipe: Recipe,
    *,
    calibration: CalibrationData | None = None,
    progress: Progress = silent,
    resume: Path | None = None,
    details: CalibrationData | None = None,
) -> QuantizedModel:
    """Return the network quantized by a recipe; the given one is not changed.

    Weights that stay float, biases and norms are rounded to float16 and computed in float32, so that what is
    measured is what a checkpoint stores. Memory grows by the codes and these, not by a copy.

    `resume` is a folder in which finished blocks are kept until all are done: the same call goes on
    there after an interruption. `details` is data to measure every layer on once it is quantized: the
    calibration data again, or utterances that were held out.

    Raises:
        EdgeAsrError: the recipe does not fit the network (see `quant.plan`), a weight is not finite or too
            large, a method cannot do what the recipe asks, or data is needed and not given.
    """
    working = working_copy(model)
    restructure_(working, recipe)
    plan = make_plan(working, recipe)
    store = block_store(resume, model, recipe=recipe, data=calibration) if resume else None
    findings = Findings(remarks=[*plan.remarks, *_scarcity(model, recipe, calibration)])
    problem = Problem(
        working,
        tuple(layer for layer in plan.layers if not layer.is_tied),
        calibration,
        progress,
        attention=plan.attention,
        findings=findings,
        store=store,
    )
    _run_methods_(problem, recipe)
    statics = _static_scales(working, plan, recipe, calibration)
    before = None if details is None else working_copy(working)
    replace_layers_(working, plan.layers, weights=findings.weights, statics=statics)
    quantize_attention_(working, plan.attention)
    share_inputs_(working, plan.attention)
    _round_floats_(working)
    measured: tuple[LayerDetail, ...] = ()
    if before is not None and details is not None:
        scales = scales_by_reader(before, findings.channel_scales)
        measured = layer_details(
            before, working, layers=plan.layers, data=details, channel_scales=scales, progress=progress
        )
    if store is not None:
        store.remove()
    data = calibration or CalibrationData(())
    return QuantizedModel(
        working,
        recipe,
        n_utterances=data.n_utterances,
        n_tokens=data.n_tokens,
        details=measured,
        remarks=tuple(findings.remarks),
    )


def _scarcity(model: nn.Module, recipe: Recipe, data: CalibrationData | None) -> tuple[str, ...]:
    """Return a remark if a method looks at data that is too little for the decoder's layers."""
    if data is None or all(METHODS[step.name].data_free for step in recipe.methods):
        return ()
    said = scarcity(model, data) if data.n_tokens else None
    return () if said is None else (said,)


def _run_methods_(problem: Problem, recipe: Recipe) -> None:
    """Run the recipe's steps; the findings end up with every planned weight rounded."""
    weights = problem.findings.weights
    names = [step.name for step in recipe.methods]
    for index, step in enumerate(recipe.methods):
        numbered = replace(
            problem,
            step=f"{index + 1}-{step.name}" if len(names) > 1 else step.name,
            next_method=names[index + 1] if index + 1 < len(names) else "",
        )
        with torch.no_grad():
            weights.update(METHODS[step.name].run(numbered, step.config))
    missing = [layer.module for layer in problem.layers if layer.module not in weights]
    if missing:
        raise EdgeAsrError(
            f"recipe '{recipe.name}': no method rounds the weight of '{missing[0]}'; end its methods with rtn"
        )


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
    return capture_ranges(working, formats, data=calibration)


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
