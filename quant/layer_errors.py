"""Methods compared by the errors they leave in the layers of a network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, Literal

import numpy as np

from quant.calibration import CalibrationData
from quant.details import LayerDetail
from quant.methods.rtn import RtnConfig
from quant.quantize import quantize
from quant.recipe import MethodStep, Recipe
from traces.errors import EdgeAsrError
from traces.progress import Progress, silent

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True, slots=True)
class LayerErrorRow:
    """One recipe on one model: the layers' relative output errors, each over that of rounding to nearest.

    `ratio` is the median over the linear layers of encoder and decoder, `ratio_q1` and `ratio_q3` the
    quartiles, `worst_layer` the one with the largest ratio; `relative_error` is the median of the errors.
    These are of each layer alone, on the float network's input. `network_ratio` and `network_error` are the
    medians where each layer stands in its own network: see `LayerDetail`.
    """

    model: str
    recipe: str
    n_layers: int
    ratio: float
    ratio_q1: float
    ratio_q3: float
    worst_ratio: float
    worst_layer: str
    relative_error: float
    network_ratio: float
    network_error: float


def layer_error_rows(
    name: str,
    model: "PreTrainedModel",
    *,
    recipes: Sequence[Recipe],
    calibration: CalibrationData,
    held_out: CalibrationData,
    progress: Progress = silent,
) -> tuple[LayerErrorRow, ...]:
    """Return a row per recipe for a model, measured on data that no recipe was calibrated on.

    The reference of a recipe is its own formats rounded to nearest over their min/max range. `recipes` may
    hold several methods for the same formats, which then share one reference.

    Raises:
        EdgeAsrError: as `quant.quantize.quantize`.
    """
    references: dict[Recipe, tuple[LayerDetail, ...]] = {}
    rows = []
    for recipe in recipes:
        plain = rounded_to_nearest(recipe)
        if plain not in references:
            references[plain] = quantize(
                model, plain, calibration=calibration, details=held_out, progress=progress
            ).details
        details = quantize(
            model, recipe, calibration=calibration, details=held_out, progress=progress
        ).details
        rows.append(layer_error_row(name, recipe.name, details=details, reference=references[plain]))
    return tuple(rows)


def layer_error_row(
    model: str, recipe: str, *, details: Sequence[LayerDetail], reference: Sequence[LayerDetail]
) -> LayerErrorRow:
    """Return the row of a recipe's details beside those of the reference, on the same data.

    A layer that comes out exact, all of its columns kept in float say, has an error of 0.

    Raises:
        EdgeAsrError: if the reference leaves no error in any layer.
    """
    errors, in_network = _errors(details, "relative_error"), _errors(details, "network_error")
    ratios = _ratios(errors, _errors(reference, "relative_error"))
    if not ratios:
        raise EdgeAsrError(
            f"recipe '{recipe}' rounds no linear layer of '{model}'; there is no error to compare"
        )
    first, third = (float(value) for value in np.quantile(list(ratios.values()), [0.25, 0.75]))
    worst = max(ratios, key=lambda layer: ratios[layer])
    return LayerErrorRow(
        model=model,
        recipe=recipe,
        n_layers=len(ratios),
        ratio=median(ratios.values()),
        ratio_q1=first,
        ratio_q3=third,
        worst_ratio=ratios[worst],
        worst_layer=worst,
        relative_error=median(errors.values()),
        network_ratio=median(_ratios(in_network, _errors(reference, "network_error")).values()),
        network_error=median(in_network.values()),
    )


def rounded_to_nearest(recipe: Recipe) -> Recipe:
    """Return the formats of a recipe with plain rounding to nearest as its only method."""
    return replace(recipe, name="rtn", description="", methods=(MethodStep("rtn", RtnConfig()),))


def _ratios(errors: Mapping[str, float], reference: Mapping[str, float]) -> dict[str, float]:
    return {layer: errors.get(layer, 0.0) / error for layer, error in reference.items() if error}


def _errors(
    details: Sequence[LayerDetail], measure: Literal["relative_error", "network_error"]
) -> dict[str, float]:
    """Return the errors of the linear layers of both stacks; the head is a lookup's other use."""
    found = {
        detail.module: getattr(detail, measure)
        for detail in details
        if detail.kind == "linear" and ".layers." in detail.module
    }
    return {layer: error for layer, error in found.items() if error is not None}
