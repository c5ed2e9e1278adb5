"""`edgeasr sweep`: what if: any numbers of a chip, recipes, models and work as axes."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from edgeasr.cli.output import Format, FormatOption, show_table, tell
from edgeasr.cli.parallel import ClusterOption, JobsOption
from traces.errors import EdgeAsrError

MOST_ROWS = 20
"""Points of the front shown as a table; all of them in the other formats."""


def sweep(
    file: Annotated[Path | None, typer.Argument(help="A sweep file.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The run folder; runs/NAME when none is given.")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Continue the sweep of this run folder, instead of naming its file.")
    ] = None,
    jobs: JobsOption = 1,
    cluster: ClusterOption = None,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Cost many variants of chip, recipe and work; show the front; continues what was interrupted."""
    from edgeasr.cli.progress import progress_bars
    from edgeasr.executors import executor_of
    from reports.sweep.config import load_sweep
    from reports.sweep.run import run_sweep
    from reports.sweep.tables import front_table

    if (file is None) == (resume is None) or (resume is not None and output is not None):
        raise EdgeAsrError("give the file of a sweep, or with --resume its run folder, and nothing beside it")
    chosen = load_sweep(resume / "sweep.yaml" if resume is not None else file or Path())
    folder = resume or output or Path("runs") / chosen.name
    command = shlex.join(["edgeasr", *sys.argv[1:]])
    with progress_bars() as progress, executor_of(jobs, cluster) as executor:
        result = run_sweep(chosen, folder, progress=progress, executor=executor, command=command)
    brief = format_ in (Format.TABLE, Format.MD)
    found = result.results
    show_table(front_table(result.plan, found, most=MOST_ROWS if brief else None), format_, output=None)
    tell(
        f"{len(found.front):,} on the front of {found.n_feasible:,} that meet all constraints, "
        f"of {found.n_points:,}"
    )
    left = result.plan.space.ranges_left()
    if left:
        tell(f"chosen at every point, so low and high do not cover their ranges: {', '.join(left)}")
    tell(f"report: {result.report}")
