"""`edgeasr estimate`: what an utterance costs on a chip."""

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from edgeasr.cli.estimating import (
    AudioOption,
    ChipOption,
    ChromeTraceOption,
    ModelArgument,
    ModelExplorerOption,
    RecipeOption,
    SetOption,
    TokensOption,
    estimated,
    export,
)
from edgeasr.cli.output import Format, FormatOption, OutputOption, show, tell

if TYPE_CHECKING:
    from simulator.estimate import Estimate

BRIEF = ("phase", "layer", "kind", "latency_s", "energy_j", "macs", "utilisation", "bound_by", "unit")
"""The columns of a layer that fit a terminal; csv, json and parquet have every term, level and note."""


class By(StrEnum):
    """How finely a cost is broken down."""

    TOTAL = "total"
    PHASE = "phase"
    LAYER = "layer"


def estimate(
    model: ModelArgument,
    chip: ChipOption,
    recipe: RecipeOption = None,
    audio: AudioOption = 5.0,
    tokens: TokensOption = 20,
    by: Annotated[By, typer.Option(help="Total, or broken down by phase or layer.")] = By.TOTAL,
    override: SetOption = None,
    chrome_trace: ChromeTraceOption = None,
    model_explorer: ModelExplorerOption = None,
    format_: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Estimate latency, energy and memory of one utterance on a chip."""
    found, formats = estimated(model, chip, recipe=recipe, audio_s=audio, tokens=tokens, overrides=override)
    brief = by is By.LAYER and format_ in (Format.TABLE, Format.MD)
    rows = _rows(found, by, model, formats)
    show(rows, format_, output=output, columns=BRIEF if brief else ())
    if brief:
        _tell_notes(rows)
    export(found, chrome_trace=chrome_trace, model_explorer=model_explorer)


def _tell_notes(rows: tuple[object, ...]) -> None:
    """Say why layers run otherwise than in their formats, each reason once."""
    from reports.data import LayerRow

    notes = Counter(row.note for row in rows if isinstance(row, LayerRow) and row.note)
    for note, n_rows in notes.items():
        tell(f"{n_rows} of {len(rows)} rows: {note}")


def _rows(found: "Estimate", by: By, model: str, recipe: str) -> tuple[object, ...]:
    from reports.data import Utterances
    from reports.estimates import estimate_row, phase_rows
    from reports.layers import layer_rows

    match by:
        case By.TOTAL:
            (utterance,) = found.utterances
            mix = Utterances(1, utterance.audio_s, utterance.tokens, "given")
            if found.workload.family == "network":
                mix = Utterances(1, 0.0, 0.0, "one run, no audio")
            return (estimate_row(found, model=model, recipe=recipe, mix=mix),)
        case By.PHASE:
            return tuple(phase_rows(found, model=model, recipe=recipe))
        case By.LAYER:
            return tuple(layer_rows(found, model=model, recipe=recipe))
