"""What all chips of a question share: the network and its units, and the utterances it is heard on."""

from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from hwmodels.chip import Chip
from hwmodels.chip_file import load_chip
from reports.bits.formats import asked_formats
from reports.bits.measured import measure_rates
from reports.bits.question import Question
from reports.data import FLOAT_RECIPE
from reports.study.cost import utterances_of
from reports.study.folder import RunFolder
from reports.workloads import check_not_packed, find_workload
from simulator.mixing import Unit, units_of
from simulator.networks import Networks
from simulator.utterances import Utterance
from traces.progress import Progress


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """A question with everything that its names stand for, and where and how it is answered."""

    question: Question
    chips: tuple[Chip, ...]
    networks: Networks
    units: tuple[Unit, ...]
    run: RunFolder
    progress: Progress
    executor: Executor | None

    @property
    def utterances(self) -> tuple[Utterance, ...]:
        """Audio and the float network's tokens of the corpus."""
        return self.networks.utterances


def setting_of(question: Question, folder: Path, *, progress: Progress, executor: Executor | None) -> Setting:
    """Return the setting of a question; the float network is measured if the folder does not hold its rate.

    Of a question about one utterance nothing is measured, and no weights are needed.

    Raises:
        EdgeAsrError: if a name is unknown, the folder cannot be written, or the weights are missing.
    """
    check_not_packed(question.model, "bits")
    chips = tuple(load_chip(name) for name in question.chips)
    workload = find_workload(question.model)
    units = units_of(workload)
    asked_formats(question)
    run = RunFolder(folder)
    run.prepare()
    if question.utterance is not None:
        utterances: tuple[Utterance, ...] = (question.utterance,)
    else:
        rates = measure_rates(question, run, recipes=(), progress=progress, executor=executor)
        utterances = utterances_of(rates.evaluations[FLOAT_RECIPE].rows, workload)
    return Setting(question, chips, Networks(workload, utterances), units, run, progress, executor)
