"""Running a sweep: plan, cost or search, collect, report."""

import json
import time
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from pathlib import Path

from reports.atomic import write_text
from reports.sweep.config import Sweep
from reports.sweep.folder import SweepFolder
from reports.sweep.html import render_sweep
from reports.sweep.plan import Plan, plan_of
from reports.sweep.points import cost_points
from reports.sweep.results import Results, collect
from reports.sweep.search import search_points
from reports.sweep.tables import save_tables
from reports.versions import machine, versions
from traces.progress import Progress, silent


@dataclass(frozen=True, slots=True, eq=False)
class SweepResult:
    """A finished sweep: its plan, what it comes to, and where that is kept."""

    plan: Plan
    results: Results
    folder: Path
    report: Path


def run_sweep(
    sweep: Sweep,
    folder: Path,
    *,
    progress: Progress = silent,
    executor: Executor | None = None,
    command: str = "edgeasr sweep",
) -> SweepResult:
    """Run a sweep into a folder, continuing what the folder already holds.

    Interrupt it at any time: finished chunks stay, and the same call goes on from there to the same result.
    Chunks are costed here, one after the other, or by an executor's processes, which need not see the folder.

    Raises:
        EdgeAsrError: if a name is unknown, the folder holds something else or cannot be written, no point
            meets the constraints, or the executor is gone.
    """
    start_s = time.monotonic()
    plan, run = plan_of(sweep), SweepFolder(folder)
    run.prepare(plan)
    if sweep.search is None:
        n_chunks, n_points = cost_points(plan, run, progress=progress, executor=executor)
    else:
        n_chunks, n_points = search_points(
            plan, sweep.search, folder=run, progress=progress, executor=executor
        )
    results = collect(plan, run, n_chunks=n_chunks, n_points=n_points)
    save_tables(results, folder)
    report = folder / "report.html"
    write_text(report, render_sweep(plan, run, results=results, n_chunks=n_chunks, command=command))
    manifest = {
        "name": sweep.name,
        "command": command,
        "duration_s": time.monotonic() - start_s,
        "points": results.n_points,
        "costed": results.n_costed,
        "feasible": results.n_feasible,
        "fitting": results.n_fitting,
        "machine": [asdict(fact) for fact in machine()],
        "versions": [asdict(fact) for fact in versions()],
    }
    write_text(folder / "manifest.json", json.dumps(manifest, indent=2) + "\n")
    return SweepResult(plan, results, folder, report)
