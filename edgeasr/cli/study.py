"""`edgeasr study`: the main job, from models to a report."""

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from edgeasr.cli.output import Format, show, tell
from edgeasr.cli.parallel import ClusterOption, JobsOption
from traces.errors import EdgeAsrError


def study(
    file: Annotated[
        str, typer.Argument(help="A study file; the bundled study when none is given.")
    ] = "bundled",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The run folder; runs/NAME when none is given.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many utterances per corpus.")] = None,
    jobs: JobsOption = 1,
    cluster: ClusterOption = None,
) -> None:
    """Trace, quantize, measure word error rates, simulate, and report; continues what was interrupted."""
    from edgeasr.cli.progress import progress_bars
    from edgeasr.executors import executor_of
    from reports.study import load_study, run_study
    from reports.tables import headline_rows

    chosen = load_study(file)
    if limit is not None:
        chosen = replace(chosen, limit=limit)
    folder = output or Path("runs") / chosen.name
    command = shlex.join(["edgeasr", *sys.argv[1:]])
    with progress_bars() as progress, executor_of(jobs, cluster) as executor:
        result = run_study(chosen, folder, progress=progress, executor=executor, command=command)
    show(headline_rows(result.data), Format.TABLE, output=None)
    tell(f"report: {result.report}")
    for failure in result.failures:
        tell(f"failed: {failure}")
    if result.failures:
        raise EdgeAsrError(
            f"{len(result.failures)} networks could not be measured; the others are kept, and the same "
            "command tries these again"
        )
