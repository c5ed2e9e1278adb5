"""Running a study: measure, cost, join, report."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

from reports.data import StudyData
from reports.study.assemble import empty_data, extended
from reports.study.config import Study, check_names, save_study
from reports.study.cost import costs
from reports.study.folder import RunFolder
from reports.study.manifest import manifest_of
from reports.study.measure import measure
from reports.study.notes import notes_of
from reports.study.outputs import op_frame, write_outputs
from traces.progress import Progress, silent


@dataclass(frozen=True, slots=True)
class StudyResult:
    """A finished study: its joined rows and the page that shows them."""

    data: StudyData
    folder: Path
    report: Path


def run_study(
    study: Study, folder: Path, *, progress: Progress = silent, command: str = "edgeasr study"
) -> StudyResult:
    """Run a study into a folder, continuing what the folder already holds.

    Interrupt it at any time: finished cells stay, and the same call goes on from there to the same result.

    Raises:
        EdgeAsrError: if a name is unknown, the folder cannot be written, or an input cannot be read.
    """
    start_s = time.monotonic()
    check_names(study)
    run = RunFolder(folder)
    run.prepare()
    save_study(study, folder / "study.yaml")
    measured = measure(study, run, progress=progress)
    data = empty_data()
    frames = []
    for costed in costs(study, measured, progress=progress):
        data = extended(data, costed, measured, study)
        frames += [
            op_frame(estimate, model=costed.model, recipe=costed.recipe) for estimate in costed.estimates
        ]
    manifest = manifest_of(study, measured, command=command, duration_s=time.monotonic() - start_s)
    data = replace(data, manifest=manifest, notes=notes_of(study, data))
    report = write_outputs(run, data, measured, frames, progress=progress)
    return StudyResult(data, folder, report)
