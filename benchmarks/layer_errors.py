"""`python -m benchmarks.layer_errors [METHOD ...]`: the layer-error table of docs/quantization.md.

Every method of studies/edge_asr_micro.yaml with the study's settings, AWQ before OmniQuant, AWQ before
TesseraQ at its paper's length, and AWQ and GPTQ before TesseraQ, at 3 bits per channel on both bundled
models, measured on utterances that none has seen. Rows go to docs/layer_errors.json as they are found; those
that are there are kept unless their method is named or its settings have changed. All of them take about an
hour of one core, TesseraQ at full length most of it.
"""

import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from asr.calibration import calibration_data
from asr.corpora import load_corpus
from asr.models import load_recogniser
from quant.details import LayerDetail
from quant.layer_errors import LayerErrorRow, layer_error_row, rounded_to_nearest
from quant.methods import METHODS
from quant.quantize import quantize
from quant.recipe import MethodStep, Recipe, load_recipe, with_methods
from reports.study.config import Pipeline, Study, load_study
from reports.study.grid import variants
from reports.table import markdown_safe

ROOT = Path(__file__).parents[1]
ROWS, PAGE = ROOT / "docs" / "layer_errors.json", ROOT / "docs" / "quantization.md"
FORMATS = "w3a16"
N_HELD_OUT = 32
BEGIN, END = "<!-- layer errors: python -m benchmarks.layer_errors -->", "<!-- end of layer errors -->"
TARGETS = {
    "gptq": 0.75,
    "awq": 0.9,
    "omniquant": 0.9,
    "awq-tesseraq": 0.7,
    "awq-tesseraq-uncut": 0.7,
    "awq-gptq-tesseraq": 0.7,
    "hqq": 1.0,
}
"""The largest median ratio that each method is meant to reach."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A row of the table; `settings` are the recipe's methods as text, `cpu_s` what quantizing took."""

    row: LayerErrorRow
    settings: str
    cpu_s: float


def main(again: Sequence[str]) -> None:
    """Measure what is missing or named, and write the page's table."""
    study = load_study(ROOT / "studies" / "edge_asr_micro.yaml")
    kept = {(found.row.model, found.row.recipe): found for found in load_rows()}
    for model in study.models:
        wanted = {
            name: recipe
            for name, recipe in recipes_of(study)
            if name in again or (model, name) not in kept or kept[model, name].settings != settings_of(recipe)
        }
        for found in measured(study, model, wanted):
            kept[model, found.row.recipe] = found
            save_rows(kept.values(), study)
    save_rows(kept.values(), study)
    write_table(load_rows())


def recipes_of(study: Study) -> list[tuple[str, Recipe]]:
    """Return the study's methods at 3 bits, and some before others, by name."""
    steps = {pipeline.name: pipeline.steps for pipeline in study.methods}
    uncut = MethodStep("tesseraq", METHODS["tesseraq"].config())
    more = (
        Pipeline("awq-omniquant", (*steps["awq"], *steps["omniquant"])),
        Pipeline("awq-tesseraq-uncut", (*steps["awq"], uncut)),
        Pipeline("awq-gptq-tesseraq", (*steps["awq"], *steps["gptq"], steps["awq-tesseraq"][-1])),
    )
    found = [
        (variant.method, variant.recipe)
        for variant in variants(study)
        if variant.formats == FORMATS and variant.method
    ]
    base = load_recipe(FORMATS)
    return [*found, *((each.name, with_methods(base, each.steps, name=each.name)) for each in more)]


def settings_of(recipe: Recipe) -> str:
    """Return a recipe's methods with all their settings, as text that changes if one of them does."""
    return json.dumps([[step.name, asdict(step.config)] for step in recipe.methods])


def measured(study: Study, model: str, recipes: dict[str, Recipe]) -> Iterable[Measured]:
    """Yield the rows of some methods on one model."""
    if not recipes:
        return
    recogniser, corpus = load_recogniser(model), load_corpus(study.calibration)
    n_seen = study.calibration_utterances
    seen = calibration_data(recogniser, corpus, limit=n_seen)
    held_out = calibration_data(recogniser, corpus, start=n_seen or 0, limit=N_HELD_OUT)

    def details(recipe: Recipe) -> tuple[LayerDetail, ...]:
        return quantize(recogniser.model, recipe, calibration=seen, details=held_out).details

    reference = details(rounded_to_nearest(load_recipe(FORMATS)))
    for name, recipe in recipes.items():
        start_s = time.process_time()
        row = layer_error_row(model, name, details=details(recipe), reference=reference)
        yield Measured(row, settings_of(recipe), time.process_time() - start_s)


def load_rows() -> tuple[Measured, ...]:
    """Return the rows measured so far."""
    if not ROWS.exists():
        return ()
    return tuple(
        Measured(LayerErrorRow(**entry["row"]), entry["settings"], entry["cpu_s"])
        for entry in json.loads(ROWS.read_text(encoding="utf-8"))
    )


def save_rows(rows: Iterable[Measured], study: Study) -> None:
    """Write the rows in the study's order."""
    order = [(model, name) for model in study.models for name, _ in recipes_of(study)]
    found = sorted(rows, key=lambda each: order.index((each.row.model, each.row.recipe)))
    ROWS.write_text(json.dumps([asdict(each) for each in found], indent=1) + "\n", encoding="utf-8")


def table(rows: Sequence[Measured]) -> str:
    """Return the rows as a Markdown table, both models side by side."""
    models = list(dict.fromkeys(each.row.model for each in rows))
    by_name = {(each.row.model, each.row.recipe): each for each in rows}
    heads = [f"{model}<br>{what}" for model in models for what in ("alone", "in network", "CPU")]
    lines = [f"| method | target | {' | '.join(heads)} |", f"| --- | ---: |{' ---: |' * len(heads)}"]
    for name in dict.fromkeys(each.row.recipe for each in rows):
        cells = [cell for model in models for cell in _cells(by_name.get((model, name)))]
        lines.append(f"| {markdown_safe(name)} | {TARGETS.get(name, '')} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cells(found: Measured | None) -> tuple[str, str, str]:
    if found is None:
        return ("not measured",) * 3
    return f"{found.row.ratio:.3f}", f"{found.row.network_ratio:.3f}", f"{found.cpu_s:.0f} s"


def write_table(rows: Sequence[Measured]) -> None:
    """Put the table into the page, between its two marks."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table(rows)}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
