"""Running a study: measure, cost, join, report."""

import time
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path

from reports.benchmark.grid import Benchmark
from reports.benchmark.known import check_same, joined
from reports.data import StudyData
from reports.study.assemble import empty_data, extended
from reports.study.config import Study, save_study
from reports.study.cost import costs
from reports.study.folder import RunFolder
from reports.study.jobs import measure_all
from reports.study.manifest import command_of, manifest_of
from reports.study.names import check_names
from reports.study.notes import notes_of
from reports.study.outputs import op_frame, write_outputs
from traces.progress import Progress, silent


@dataclass(frozen=True, slots=True)
class StudyResult:
    """A finished study: its joined rows, the page that shows them, and a line for each job that failed."""

    data: StudyData
    folder: Path
    report: Path
    failures: tuple[str, ...]


def run_study(
    study: Study,
    folder: Path,
    *,
    progress: Progress = silent,
    executor: Executor | None = None,
    finished_only: bool = False,
    command: str | None = None,
    known: Benchmark | None = None,
) -> StudyResult:
    """Run a study into a folder, continuing what the folder already holds.

    Interrupt it at any time: finished cells stay, and the same call goes on from there to the same result.
    Networks are measured one after the other, or by the processes of an executor that see the folder. One
    that fails is named in the result and the report, and tried again by the next call. With `finished_only`
    nothing is measured, and what the folder does not hold is missing in the report. `command` is what the
    manifest says the study was run with; without one, what it said before. Cells that are not measured are
    taken from `known`, an earlier run's benchmark.

    Raises:
        EdgeAsrError: if a name is unknown, the folder cannot be written, nothing could be measured, or
            `known` is of another study, corpus or model.
    """
    start_s = time.monotonic()
    check_names(study)
    run = RunFolder(folder)
    run.prepare()
    save_study(study, folder / "study.yaml")
    measured, failures = measure_all(
        study, run, progress=progress, executor=executor, finished_only=finished_only
    )
    data = empty_data()
    frames = []
    for costed in costs(study, measured, progress=progress):
        data = extended(data, costed, measured=measured, study=study)
        frames += [
            op_frame(estimate, model=costed.model, recipe=costed.variant.recipe.name)
            for estimate in costed.estimates
        ]
    manifest = manifest_of(
        study,
        measured,
        command=command or command_of(folder) or f"edgeasr study {study.name}.yaml",
        duration_s=time.monotonic() - start_s,
    )
    if known is not None:
        check_same(manifest, known)
        data = replace(data, cells=joined(data.cells, known.cells, corpora=study.corpora))
    data = replace(data, manifest=manifest, notes=notes_of(study, data, failures=failures))
    report = write_outputs(run, data, measured=measured, frames=frames, progress=progress)
    return StudyResult(data, folder, report, failures)
