"""`edgeasr bottleneck`: where an utterance's time goes on a chip, and what would take it away."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgeasr.cli.output import Format, FormatOption, OutputOption, show, tell

if TYPE_CHECKING:
    from simulator.estimate import Estimate


class By(StrEnum):
    """What the table lists."""

    LAYER = "layer"
    RELIEF = "relief"
    PARAMETER = "parameter"


def bottleneck(
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
    by: Annotated[
        By,
        typer.Option(
            help="Layers, slowest first; resources and what freeing each would bring; or the chip's numbers "
            "and how latency and energy answer to them."
        ),
    ] = By.LAYER,
    override: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a number of the chip: levels.sram.size_bytes=2MiB."),
    ] = None,
    figure: Annotated[Path | None, typer.Option(help="Also draw layers and a tornado chart (PNG).")] = None,
    chrome_trace: Annotated[
        Path | None, typer.Option(help="Also write a timeline for Perfetto or chrome://tracing.")
    ] = None,
    model_explorer: Annotated[
        Path | None, typer.Option(help="Also write the graph with its costs for Model Explorer.")
    ] = None,
    format_: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Explain an estimate: the slowest layers, what freeing a resource would gain, what the chip decides."""
    from hwmodels.chip_file import apply_overrides, load_chip
    from reports.workloads import workload_under
    from simulator.estimate import estimate
    from simulator.utterances import Utterance

    workload, formats = workload_under(model, recipe)
    on_chip = apply_overrides(load_chip(chip), tuple(override or ()))
    found = estimate(workload, on_chip, (Utterance(audio, tokens),))
    show(_rows(found, by, brief=format_ in (Format.TABLE, Format.MD)), format_, output)
    if figure is not None:
        _draw(found, f"{model} in {formats} on {on_chip.name}", figure)
        tell(f"figure: {figure}")
    if chrome_trace is not None:
        from reports.chrome_trace import save_chrome_trace

        save_chrome_trace(found, chrome_trace)
        tell(f"timeline: {chrome_trace} (open it in https://ui.perfetto.dev)")
    if model_explorer is not None:
        from reports.model_explorer import save_model_explorer

        save_model_explorer(found, model_explorer)
        tell(f"graph: {model_explorer} (open it in Model Explorer)")


def _rows(found: "Estimate", by: By, *, brief: bool) -> tuple[object, ...]:
    from reports.bottleneck import bottleneck_rows
    from reports.bottleneck import brief as brief_
    from simulator.relief import reliefs
    from simulator.sensitivity import sensitivities

    match by:
        case By.LAYER:
            rows = bottleneck_rows(found)
            return brief_(rows) if brief else rows
        case By.RELIEF:
            return reliefs(found)
        case By.PARAMETER:
            return tuple(sorted(sensitivities(found), key=lambda row: -row.latency_swing_s))


def _draw(found: "Estimate", title: str, path: Path) -> None:
    from reports.bottleneck import bottleneck_rows
    from reports.figures.bottleneck import draw_bottleneck
    from reports.figures.style import save_png
    from simulator.sensitivity import sensitivities

    latency_s = float(found.latency_s().nominal.mean())
    rows, tornado = bottleneck_rows(found), tuple(sensitivities(found))
    save_png(draw_bottleneck(rows, tornado, title=title, latency_s=latency_s), path)
