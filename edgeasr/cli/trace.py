"""`edgeasr trace`: the dataflow graph of a recogniser."""

from pathlib import Path
from typing import Annotated

import typer

from edgeasr.cli.output import Format, FormatOption, OutputOption, show, tell


def trace(
    model: Annotated[
        str, typer.Argument(help="A known model, a hub id, a checkpoint's folder, saved graphs.")
    ],
    recipe: Annotated[
        str | None, typer.Option(help="Annotate with this recipe; float, or as a packed checkpoint is.")
    ] = None,
    audio: Annotated[float, typer.Option(help="Seconds of audio the counts are for.")] = 5.0,
    tokens: Annotated[int, typer.Option(help="Tokens the counts are for.")] = 20,
    save: Annotated[Path | None, typer.Option(help="Also write the graphs, as compressed JSON.")] = None,
    format_: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Show the ops of a recogniser per phase with their chip-independent costs: MACs, BOPs, memory I/O."""
    from reports.counts import phase_counts
    from reports.workloads import workload_under
    from simulator.utterances import Utterance

    workload, _ = workload_under(model, recipe)
    show(phase_counts(workload, Utterance(audio, tokens)), format_, output=output)
    if save is not None:
        from traces.store import save_workload

        save_workload(workload, save)
        tell(f"graphs: {save}")
