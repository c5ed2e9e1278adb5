"""`edgeasr bottleneck`: where an utterance's time goes on a chip, and what would take it away."""

from enum import StrEnum
from pathlib import Path
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
from reports.bottleneck import BRIEF

if TYPE_CHECKING:
    from simulator.estimate import Estimate
    from simulator.sensitivity import Sensitivity


class By(StrEnum):
    """What the table lists."""

    LAYER = "layer"
    RELIEF = "relief"
    PARAMETER = "parameter"


def bottleneck(
    model: ModelArgument,
    chip: ChipOption,
    recipe: RecipeOption = None,
    audio: AudioOption = 5.0,
    tokens: TokensOption = 20,
    by: Annotated[
        By,
        typer.Option(
            help="Layers, slowest first; resources and what freeing each would bring; or the chip's numbers "
            "and how latency and energy answer to them."
        ),
    ] = By.LAYER,
    override: SetOption = None,
    figure: Annotated[Path | None, typer.Option(help="Also draw layers and a tornado chart (PNG).")] = None,
    html: Annotated[Path | None, typer.Option(help="Also write a page with all of it, and charts.")] = None,
    chrome_trace: ChromeTraceOption = None,
    model_explorer: ModelExplorerOption = None,
    format_: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Explain an estimate: the slowest layers, what freeing a resource would gain, what the chip decides."""
    found, formats = estimated(model, chip, recipe=recipe, audio_s=audio, tokens=tokens, overrides=override)
    brief = by is By.LAYER and format_ in (Format.TABLE, Format.MD)
    show(_rows(found, by, formats), format_, output=output, columns=BRIEF if brief else ())
    if figure is not None:
        _draw(found, f"{model} in {formats} on {found.chip.name}", figure)
        tell(f"figure: {figure}")
    if html is not None:
        _write_page(found, model, formats, html)
        tell(f"page: {html}")
    export(found, chrome_trace=chrome_trace, model_explorer=model_explorer)


def _rows(found: "Estimate", by: By, recipe: str) -> tuple[object, ...]:
    from reports.bottleneck import bottleneck_rows
    from simulator.relief import reliefs

    match by:
        case By.LAYER:
            return bottleneck_rows(found, recipe=recipe)
        case By.RELIEF:
            return reliefs(found)
        case By.PARAMETER:
            return tuple(sorted(_sensitivities(found), key=lambda row: -row.latency_swing_s))


def _sensitivities(found: "Estimate") -> "tuple[Sensitivity, ...]":
    from simulator.bit_sensitivity import bit_sensitivities
    from simulator.sensitivity import sensitivities

    return (*sensitivities(found), *bit_sensitivities(found))


def _draw(found: "Estimate", title: str, path: Path) -> None:
    from reports.bottleneck import bottleneck_rows
    from reports.figures.bottleneck import draw_bottleneck
    from reports.figures.style import save_png

    latency_s = float(found.latency_s().nominal.mean())
    rows = bottleneck_rows(found)
    save_png(draw_bottleneck(rows, _sensitivities(found), title=title, latency_s=latency_s), path)


def _write_page(found: "Estimate", model: str, recipe: str, path: Path) -> None:
    import shlex
    import sys

    from reports.atomic import write_text
    from reports.bottleneck_page import findings_of, render_bottleneck

    command = shlex.join(("edgeasr", *sys.argv[1:]))
    known = _sensitivities(found)
    findings = findings_of(found, model=model, recipe=recipe, sensitivities=known, command=command)
    write_text(path, render_bottleneck(findings))
