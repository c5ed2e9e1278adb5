"""Running a study: measure, cost, join, report."""

import logging
import time
from dataclasses import dataclass
from pathlib import Path

from reports.data import StudyData
from reports.study.assemble import Joined, join
from reports.study.config import Study, check_names, save_study
from reports.study.cost import costs
from reports.study.folder import RunFolder
from reports.study.manifest import manifest_json, manifest_of
from reports.study.measure import measure
from reports.study.outputs import write_outputs
from traces.progress import Progress, silent

logger = logging.getLogger(__name__)


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
    joined = Joined.empty()
    for costed in costs(study, measured, progress=progress):
        joined = joined.extended(costed, measured, study)
    manifest = manifest_of(study, measured, command=command, duration_s=time.monotonic() - start_s)
    data = join(joined, manifest)
    run.write_text("manifest.json", manifest_json(manifest))
    report = write_outputs(run, data, measured, joined.layers_frame(), progress=progress)
    return StudyResult(data, folder, report)
