"""`python -m benchmarks.outlier_errors [METHOD ...]`: the table of outliers in docs/quantization.md.

The methods that prepare activations, on both bundled models once some channels of every norm are thirty times
as large as they were and the networks compute the same: what is left of the layers' errors, relative to
rounding to nearest, on utterances that no method has seen. Rows go to docs/outlier_errors.json as they are
found; those that are there are kept unless their method is named or its settings have changed. All of them
take some 15 minutes of one core.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from asr.calibration import calibration_data
from asr.corpora import load_corpus
from asr.models import load_recogniser
from benchmarks.layer_errors import N_HELD_OUT, settings_of
from quant.layer_errors import LayerErrorRow, layer_error_row, rounded_to_nearest
from quant.methods import METHODS
from quant.quantize import quantize
from quant.recipe import MethodStep, Recipe, load_recipe, with_methods
from reports.table import Table, markdown
from tests.quant.outliers import inject_outliers_

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from quant.calibration import CalibrationData

ROOT = Path(__file__).parents[1]
ROWS, PAGE = ROOT / "docs" / "outlier_errors.json", ROOT / "docs" / "quantization.md"
MODELS = ("whisper-micro", "moonshine-micro")
FORMATS = {"w8a8-static": "w8a8-static", "w4a4": "w4a4-quik"}
"""The recipes whose formats are taken, by the names they have here."""
PREPARING = ("smoothquant", "quarot", "spinquant")
N_SEEN = 128
TARGET = 0.5
"""The largest median ratio that SmoothQuant and SpinQuant are meant to reach."""
BEGIN, END = "<!-- outliers: python -m benchmarks.outlier_errors -->", "<!-- end of outliers -->"

Rows = dict[tuple[str, str], tuple[LayerErrorRow, str]]
"""Rows with their recipe's settings, by model and recipe."""


def main(again: Sequence[str]) -> None:
    """Measure what is missing or named, and write the page's table."""
    rows = load_rows()
    for model in MODELS:
        wanted = [
            recipe
            for recipe in recipes()
            if recipe.name.partition("+")[2] in again
            or (model, recipe.name) not in rows
            or rows[model, recipe.name][1] != settings_of(recipe)
        ]
        for row, settings in measured(model, wanted):
            rows[model, row.recipe] = row, settings
            save_rows(rows)
    write_table(rows)


def recipes() -> list[Recipe]:
    """Return each method before rounding to nearest, with its own settings, in each of the formats."""
    rounding = MethodStep("rtn", METHODS["rtn"].config())
    return [
        with_methods(
            load_recipe(bundled),
            (MethodStep(name, METHODS[name].config()), rounding),
            name=f"{formats}+{name}",
        )
        for formats, bundled in FORMATS.items()
        for name in PREPARING
    ]


def measured(model: str, wanted: Sequence[Recipe]) -> Iterable[tuple[LayerErrorRow, str]]:
    """Yield the rows of some recipes on one model with outliers."""
    if not wanted:
        return
    recogniser, corpus = load_recogniser(model), load_corpus("bundled:calibration")
    seen = calibration_data(recogniser, corpus, limit=N_SEEN)
    held_out = calibration_data(recogniser, corpus, start=N_SEEN, limit=N_HELD_OUT)
    inject_outliers_(recogniser.model)
    for recipe in wanted:
        yield _row(model, recogniser.model, recipe, seen=seen, held_out=held_out), settings_of(recipe)


def _row(
    name: str,
    model: "PreTrainedModel",
    recipe: Recipe,
    *,
    seen: "CalibrationData",
    held_out: "CalibrationData",
) -> LayerErrorRow:
    details, reference = (
        quantize(model, each, calibration=seen, details=held_out).details
        for each in (recipe, rounded_to_nearest(recipe))
    )
    return layer_error_row(name, recipe.name, details=details, reference=reference)


def load_rows() -> Rows:
    """Return the rows measured so far."""
    if not ROWS.exists():
        return {}
    entries = [
        (LayerErrorRow(**entry["row"]), entry["settings"])
        for entry in json.loads(ROWS.read_text(encoding="utf-8"))
    ]
    return {(row.model, row.recipe): (row, settings) for row, settings in entries}


def save_rows(rows: Rows) -> None:
    """Write the rows, models and recipes in order."""
    found = [rows[key] for model in MODELS for each in recipes() if (key := (model, each.name)) in rows]
    entries = [{"row": asdict(row), "settings": settings} for row, settings in found]
    ROWS.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")


def table(rows: Rows) -> str:
    """Return the rows as a Markdown table, both models side by side."""
    columns = (
        "formats",
        "method",
        *(f"{model}, {what}" for model in MODELS for what in ("alone", "in network")),
    )
    lines = []
    for recipe in recipes():
        found = [rows[model, recipe.name][0] for model in MODELS if (model, recipe.name) in rows]
        cells = [f"{ratio:.3f}" for row in found for ratio in (row.ratio, row.network_ratio)]
        if len(found) == len(MODELS):
            lines.append((*recipe.name.split("+"), *cells))
    return markdown(Table(columns, tuple(lines))).rstrip()


def write_table(rows: Rows) -> None:
    """Put the table into the page, between its two marks."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table(rows)}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
