"""What the commands that estimate one utterance share: their options, the estimate, and its exports."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgeasr.cli.output import tell

if TYPE_CHECKING:
    from simulator.estimate import Estimate

ModelArgument = Annotated[
    str, typer.Argument(help="A known model, a hub id, a checkpoint's folder, saved graphs.")
]
ChipOption = Annotated[str, typer.Option(help="A chip of the library, or the path of a chip file.")]
RecipeOption = Annotated[
    str | None,
    typer.Option(help="A bundled recipe or a recipe file; float, or as a packed checkpoint is."),
]
AudioOption = Annotated[float, typer.Option(help="Seconds of audio.")]
TokensOption = Annotated[int, typer.Option(help="Tokens the decoder generates, end of text included.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="Choose a number of the chip: levels.sram.size_bytes=2MiB, rates.dense-int8.lanes.n=32."
    ),
]
ChromeTraceOption = Annotated[
    Path | None, typer.Option(help="Also write a timeline for Perfetto or chrome://tracing.")
]
ModelExplorerOption = Annotated[
    Path | None, typer.Option(help="Also write the graph with its costs for Model Explorer.")
]


def estimated(
    model: str,
    chip: str,
    *,
    recipe: str | None,
    audio_s: float,
    tokens: int,
    overrides: list[str] | None,
) -> "tuple[Estimate, str]":
    """Return the estimate of one utterance, and the name of the formats it is in.

    Says which numbers chosen by hand had a range that the estimate then leaves out.

    Raises:
        EdgeAsrError: if a name is unknown, a number makes no sense, or the chip cannot do an op.
    """
    from hwmodels.chip_file import apply_overrides, load_chip
    from hwmodels.overrides import ranges_left
    from reports.workloads import workload_under
    from simulator.estimate import estimate
    from simulator.utterances import Utterance

    workload, formats = workload_under(model, recipe)
    in_file, chosen = load_chip(chip), tuple(overrides or ())
    found = estimate(workload, apply_overrides(in_file, chosen), utterances=(Utterance(audio_s, tokens),))
    left = ranges_left(in_file, chosen)
    if left:
        tell(f"chosen, so low and high no longer cover their ranges: {', '.join(left)}")
    return found, formats


def export(found: "Estimate", *, chrome_trace: Path | None, model_explorer: Path | None) -> None:
    """Write an estimate for other programs, where asked to."""
    if chrome_trace is not None:
        from reports.chrome_trace import save_chrome_trace

        save_chrome_trace(found, chrome_trace)
        tell(f"timeline: {chrome_trace} (open it in https://ui.perfetto.dev)")
    if model_explorer is not None:
        from reports.model_explorer import save_model_explorer

        save_model_explorer(found, model_explorer)
        tell(f"graph: {model_explorer} (open it in Model Explorer)")
