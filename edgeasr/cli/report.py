"""`edgeasr report`: a study's report again, from what its run folder holds."""

from pathlib import Path
from typing import Annotated

import typer

from edgeasr.cli.output import tell


def report(
    folder: Annotated[Path, typer.Argument(help="The run folder of a study.")],
    finished: Annotated[
        bool, typer.Option("--finished", help="Leave out what is not measured yet, instead of measuring it.")
    ] = False,
    benchmark: Annotated[
        Path | None,
        typer.Option(help="Also write the benchmark as this Markdown page, figures and numbers beside it."),
    ] = None,
    known: Annotated[
        Path | None,
        typer.Option(help="A benchmark's JSON of an earlier run, for cells that this one did not measure."),
    ] = None,
) -> None:
    """Write the report of a finished study again, such as after an upgrade; nothing is measured twice."""
    from edgeasr.cli.progress import progress_bars
    from reports.benchmark.grid import benchmark_of, load_benchmark
    from reports.benchmark.page import write_benchmark
    from reports.study import load_study, run_study

    earlier = None if known is None else load_benchmark(known)
    with progress_bars() as progress:
        result = run_study(
            load_study(folder / "study.yaml"),
            folder,
            progress=progress,
            finished_only=finished,
            known=earlier,
        )
    tell(f"report: {result.report}")
    if benchmark is not None:
        runs = () if earlier is None else (earlier.manifest, *earlier.earlier)
        write_benchmark(benchmark_of(result.data, earlier=runs), benchmark)
        tell(f"benchmark: {benchmark}")
