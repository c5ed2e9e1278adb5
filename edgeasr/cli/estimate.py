"""`edgeasr estimate`: what an utterance costs on a chip."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgeasr.cli.output import Format, FormatOption, OutputOption, show, tell

if TYPE_CHECKING:
    from simulator.estimate import Estimate


class By(StrEnum):
    """How finely a cost is broken down."""

    TOTAL = "total"
    PHASE = "phase"
    LAYER = "layer"


def estimate(
    model: Annotated[
        str, typer.Argument(help="A known model, a hub id, a checkpoint's folder, saved graphs.")
    ],
    chip: Annotated[str, typer.Option(help="A chip of the library, or the path of a chip file.")],
    recipe: Annotated[
        str | None,
        typer.Option(help="A bundled recipe or a recipe file; float, or as a packed checkpoint is."),
    ] = None,
    audio: Annotated[float, typer.Option(help="Seconds of audio.")] = 5.0,
    tokens: Annotated[int, typer.Option(help="Tokens the decoder generates, end of text included.")] = 20,
    by: Annotated[By, typer.Option(help="Total, or broken down by phase or layer.")] = By.TOTAL,
    override: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a number of the chip: levels.sram.size_bytes=2MiB."),
    ] = None,
    chrome_trace: Annotated[
        Path | None, typer.Option(help="Also write a timeline for Perfetto or chrome://tracing.")
    ] = None,
    model_explorer: Annotated[
        Path | None, typer.Option(help="Also write the graph with its costs for Model Explorer.")
    ] = None,
    format_: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Estimate latency, energy and memory of one utterance on a chip."""
    from hwmodels.chip_file import apply_overrides, load_chip
    from reports.workloads import workload_under
    from simulator.estimate import estimate as estimate_
    from simulator.utterances import Utterance

    workload, formats = workload_under(model, recipe)
    on_chip = apply_overrides(load_chip(chip), tuple(override or ()))
    found = estimate_(workload, on_chip, (Utterance(audio, tokens),))
    show(_rows(found, by, model, formats), format_, output)
    if chrome_trace is not None:
        from reports.chrome_trace import save_chrome_trace

        save_chrome_trace(found, chrome_trace)
        tell(f"timeline: {chrome_trace} (open it in https://ui.perfetto.dev)")
    if model_explorer is not None:
        from reports.model_explorer import save_model_explorer

        save_model_explorer(found, model_explorer)
        tell(f"graph: {model_explorer} (open it in Model Explorer)")


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
