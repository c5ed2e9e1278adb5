"""How much each unit's formats change the network's output: measured once, kept in the run folder."""

import json
import threading
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from asr.calibration import calibration_data
from asr.corpora import load_corpus
from quant.quantize import quantize
from quant.recipe import Recipe, recipe_json
from quant.sensitivity import Host, host_of, part_divergences
from reports.bits.question import Question
from reports.study.folder import replace_text
from reports.study.measure import Job, Workbench
from reports.versions import code_versions
from simulator.mixing import Unit
from traces.errors import EdgeAsrError
from traces.executing import finished
from traces.progress import Progress, silent

if TYPE_CHECKING:
    from quant.calibration import CalibrationData

TASK = "sensitivity, formats measured"


@dataclass(frozen=True, slots=True)
class SensitivityJob:
    """All units under one format: what is sent to a process."""

    question: Question
    folder: Path
    format: str
    units: tuple[Unit, ...]


@dataclass(slots=True)
class _Bench:
    """What jobs on one model share in a process."""

    networks: Workbench = field(default_factory=Workbench)
    host: tuple[tuple[object, ...], Host] | None = None


_bench = _Bench()
_lock = threading.Lock()


def sensitivities(
    question: Question,
    folder: Path,
    *,
    units: tuple[Unit, ...],
    formats: Sequence[str],
    executor: Executor | None = None,
    progress: Progress = silent,
) -> NDArray[np.float64]:
    """Return the divergence from the float network with one unit in one format: (units, formats), nats.

    What the folder holds is not measured again.

    Raises:
        EdgeAsrError: if the model, a format or the corpus is unknown, or there are no weights.
    """
    (folder / "sensitivities").mkdir(parents=True, exist_ok=True)
    jobs = [SensitivityJob(question, folder, name, units) for name in formats]
    found: dict[str, tuple[float, ...]] = {}
    progress(TASK, 0, len(jobs))
    for job, damages in finished(measure_format, jobs, executor=executor):
        found[job.format] = damages
        progress(TASK, len(found), len(jobs))
    return np.array([found[name] for name in formats]).T


def are_kept(question: Question, folder: Path, *, units: tuple[Unit, ...], formats: Sequence[str]) -> bool:
    """Return whether the folder holds all sensitivities of these formats."""
    jobs = [SensitivityJob(question, folder, name, units) for name in formats]
    return all(_file(job).is_file() for job in jobs)


def measure_format(job: SensitivityJob) -> tuple[float, ...]:
    """Return each unit's divergence under a format, measured or from the folder."""
    with _lock:  # a worker may have several threads; the networks are the process's
        file = _file(job)
        known = _load(file, job.units)
        if known is None:
            known = _measured(job, job.question.recipe(job.format))
            replace_text(file, json.dumps({unit.name: kl for unit, kl in zip(job.units, known, strict=True)}))
        return known


def _measured(job: SensitivityJob, recipe: Recipe) -> tuple[float, ...]:
    question = job.question
    recogniser = _bench.networks.recogniser(question.model)
    whole = Job(question.study(), job.folder, question.model, recipe)
    quantized = quantize(
        recogniser.model, recipe, calibration=_bench.networks.calibration(whole, silent)
    ).model
    parts = [unit.modules for unit in job.units]
    return part_divergences(_host(question), quantized, parts=parts)


def _host(question: Question) -> Host:
    """Return the float network of a question, the same for all its formats."""
    inputs = (question.model, question.calibration, *_span(question))
    if _bench.host is None or _bench.host[0] != inputs:
        _bench.host = None
        recogniser = _bench.networks.recogniser(question.model)
        _bench.host = inputs, host_of(recogniser.model, _seen(question))
    return _bench.host[1]


def _seen(question: Question) -> "CalibrationData":
    recogniser = _bench.networks.recogniser(question.model)
    start, n_utterances = _span(question)
    return calibration_data(recogniser, load_corpus(question.calibration), start=start, limit=n_utterances)


def _span(question: Question) -> tuple[int, int]:
    """Return the first utterance and the number of those that sensitivities are measured on.

    They lie behind those that the method looks at, where the corpus has as many.
    """
    known = load_corpus(question.calibration).n_utterances
    needed = question.calibration_utterances + question.sensitivity_utterances
    start = question.calibration_utterances if known is not None and known >= needed else 0
    return start, question.sensitivity_utterances


def _file(job: SensitivityJob) -> Path:
    return job.folder / "sensitivities" / f"{_key(job, job.question.recipe(job.format))}.json"


def _key(job: SensitivityJob, recipe: Recipe) -> str:
    question = job.question
    recogniser = _bench.networks.recogniser(question.model)
    inputs = {
        "model": [recogniser.name, recogniser.revision, recogniser.dtype],
        "recipe": recipe_json(recipe),
        "units": [sorted(unit.modules) for unit in job.units],
        "corpus": asdict(load_corpus(question.calibration).identity),
        "calibration": question.calibration_utterances if recipe.needs_calibration else 0,
        "shown": _span(question),
        "versions": code_versions(),
    }
    return f"{job.format}--{sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:16]}"


def _load(file: Path, units: tuple[Unit, ...]) -> tuple[float, ...] | None:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return tuple(float(content[unit.name]) for unit in units)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise EdgeAsrError(f"'{file}' cannot be read; delete it to measure again") from error
