"""Measuring one network of a study: quantized once, heard on every corpus."""

import logging
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from asr.calibration import calibration_for
from asr.corpora import load_corpus
from asr.corpus import Corpus
from asr.evaluate import evaluate
from asr.models import load_recogniser
from asr.recogniser import Recogniser
from quant.recipe import Recipe
from reports.study.config import Study
from reports.study.folder import Cell, Effort, RunFolder, cell_key
from traces.errors import EdgeAsrError
from traces.progress import Progress

if TYPE_CHECKING:
    from quant.calibration import CalibrationData

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """One model under one recipe: the unit that processes share out. Plain values, cheap to send."""

    study: Study
    folder: Path
    model: str
    recipe: Recipe
    finished_only: bool = False
    """Whether cells that the folder does not hold are left out instead of measured."""

    def __str__(self) -> str:
        return f"{self.model} {self.recipe.name}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job: its finished cells with their keys in the run folder, and why it stopped."""

    cells: tuple[tuple[Cell, str], ...]
    failure: str = ""
    """One line that names the job; empty where all its cells are finished."""


@dataclass(slots=True)
class Workbench:
    """What jobs on one model share, so that it is made once: the float recogniser, and its calibration data.

    Only the latest are kept.
    """

    _recogniser: tuple[str, Recogniser] | None = None
    _calibration: "tuple[Study, CalibrationData | None] | None" = None

    def recogniser(self, model: str) -> Recogniser:
        """Return the float recogniser."""
        if self._recogniser is None or self._recogniser[0] != model:
            self._recogniser = self._calibration = None  # the old one goes before the new one comes
            self._recogniser = model, load_recogniser(model)
        return self._recogniser[1]

    def calibration(self, job: Job, progress: Progress) -> "CalibrationData | None":
        """Return what the job's recipe looks at, the same for all that look: the model's own transcripts."""
        recogniser, study = self.recogniser(job.model), job.study
        if not job.recipe.needs_calibration:
            return None
        if self._calibration is None or self._calibration[0] != study:
            data = calibration_for(
                recogniser,
                job.recipe,
                corpus=study.calibration,
                limit=study.calibration_utterances,
                progress=partial(progress, f"{job.model} on {study.calibration}"),
            )
            self._calibration = study, data
        return self._calibration[1]


def measure(job: Job, bench: Workbench, *, progress: Progress) -> Outcome:
    """Return the job's cells, measuring those that the run folder does not hold yet.

    Whatever goes wrong ends this job alone and is told in the outcome; finished cells stay.
    """
    finished: list[tuple[Cell, str]] = []
    try:
        _measure(job, bench, finished, progress)
    except EdgeAsrError as error:
        return Outcome(tuple(finished), f"{job}: {error}")
    except Exception as error:
        _log.exception("%s", job)
        reason = (str(error).strip().splitlines() or [""])[0]
        return Outcome(tuple(finished), f"{job}: {type(error).__name__}: {reason}")
    return Outcome(tuple(finished))


def _measure(job: Job, bench: Workbench, finished: list[tuple[Cell, str]], progress: Progress) -> None:
    recogniser, folder, study = bench.recogniser(job.model), RunFolder(job.folder), job.study
    needs_data = job.recipe.needs_calibration
    calibration = _calibration_corpus(study).identity if needs_data else None
    quantized: tuple[Recogniser, Effort] | None = None
    for name in study.corpora:
        corpus = load_corpus(name, limit=study.limit)
        cell = Cell(job.model, job.recipe.name, name)
        key = cell_key(
            recogniser,
            job.recipe,
            corpus=corpus.identity,
            calibration=calibration,
            batch_size=study.batch_size,
            seed=study.seed,
        )
        if not folder.holds(key):
            if job.finished_only:
                continue
            quantized = quantized or _quantized(job, bench, progress)
            evaluation = evaluate(
                quantized[0],
                corpus,
                batch_size=study.batch_size,
                progress=partial(progress, str(cell)),
                partial=folder.unfinished(key),
            )
            folder.save(key, evaluation, effort=quantized[1])
        finished.append((cell, key))


def _quantized(job: Job, bench: Workbench, progress: Progress) -> tuple[Recogniser, Effort]:
    from quant.quantize import quantize

    recogniser = bench.recogniser(job.model)
    data = bench.calibration(job, progress)

    def named(task: str, done: int, total: int, note: str = "") -> None:
        progress(f"{job}: {task}", done, total, note)

    start_s = time.perf_counter()
    found = quantize(
        recogniser.model, job.recipe, calibration=data, progress=named, resume=RunFolder(job.folder).blocks
    )
    effort = Effort(time.perf_counter() - start_s, found.n_utterances, found.n_tokens, found.remarks)
    return replace(recogniser, model=found.model), effort


def _calibration_corpus(study: Study) -> Corpus:
    return load_corpus(study.calibration, limit=study.calibration_utterances)
