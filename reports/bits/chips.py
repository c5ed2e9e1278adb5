"""The reverse question: which chips can run a model within a budget, and at which bits.

Each chip is a job of its own, done here or in an executor's processes; its answer is kept in the run folder
as soon as it is there, and the same question goes on from what is kept.
"""

import json
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import numpy as np

from hwmodels.op_table import Floats
from reports.bits.answer import Answer
from reports.bits.chip_rows import ChipAnswerRow, chip_row, in_order, unanswered
from reports.bits.confirm import confirm
from reports.bits.cost_only import bits_given_up
from reports.bits.formats import ChipFormats, formats_on
from reports.bits.question import Question
from reports.bits.sensitivities import are_kept, sensitivities
from reports.bits.setting import Setting, setting_of
from reports.bits.trust import Trust
from reports.study.folder import replace_text
from reports.versions import code_versions, costing_code
from reports.workloads import find_workload
from simulator.mixing import Unit, unit_costs
from simulator.mixtures.problem import Problem, problem_of
from simulator.mixtures.search import solve
from simulator.networks import Networks
from simulator.utterances import Utterance
from traces.errors import EdgeAsrError
from traces.executing import finished
from traces.progress import Progress, silent

TASK = "chips answered"
FOLDER = "chips"


@dataclass(frozen=True, slots=True, eq=False)
class ChipJob:
    """One chip of a question: what is sent to a process.

    damage: (units, formats), zero where none was measured. `trust` is None likewise.
    """

    question: Question
    formats: ChipFormats
    units: tuple[Unit, ...]
    utterances: tuple[Utterance, ...]
    damage: Floats
    trust: Trust | None


def answer_chips(
    question: Question, folder: Path, *, progress: Progress = silent, executor: Executor | None = None
) -> tuple[ChipAnswerRow, ...]:
    """Return the answer for each chip of a question, those that meet the budget first.

    Error rates are predicted from measured ones of other recipes; no chip's mixture is measured. Where no
    chip can meet the budget at any accuracy, nothing is measured but the float network. A chip that can do
    none of the formats, or whose solver finds nothing in its time, has a row that says so.

    Raises:
        EdgeAsrError: if a name is unknown, the folder cannot be written, or the weights are missing.
    """
    setting = setting_of(question, folder, progress=progress, executor=executor)
    usable, rows = _usable(setting)
    names = tuple(dict.fromkeys(name for each in usable for name in each.names))
    blank = [_job(setting, formats, None, None) for formats in usable]
    if question.utterance is not None or not names:
        return in_order((*rows, *_answered(blank, setting)))
    if not (are_kept(question, folder, units=setting.units, formats=names) or _any_meets(blank, executor)):
        return in_order((*rows, *_answered(blank, setting)))
    found = sensitivities(
        question, folder, units=setting.units, formats=names, executor=executor, progress=progress
    )
    damage = {name: found[:, index] for index, name in enumerate(names)}
    trust = _trust(setting, max(usable, key=lambda each: len(each.names)), damage)
    jobs = [_job(setting, formats, damage, trust) for formats in usable]
    return in_order((*rows, *_answered(jobs, setting)))


def answer_chip(job: ChipJob) -> ChipAnswerRow:
    """Return one chip's answer."""
    question = job.question
    try:
        networks = _networks(question.model, job.utterances)
        recipes = tuple(question.recipe(name) for name in job.formats.names)
        problem = problem_of(networks, job.units, recipes=recipes, chip=job.formats.chip, damage=job.damage)
        if question.utterance is not None:
            problem = replace(problem, damage=bits_given_up(problem))
        solution = solve(problem, question.limits, time_limit_s=question.time_limit_s)
    except EdgeAsrError as error:
        return unanswered(job.formats.chip.name, str(error))
    return chip_row(
        Answer(question, job.formats, problem, solution, (), question.limits[0].key, trust=job.trust)
    )


@lru_cache(maxsize=1)
def _networks(model: str, utterances: tuple[Utterance, ...]) -> Networks:
    """Return the networks that the chips a process answers have in common."""
    return Networks(find_workload(model), utterances)


def _usable(setting: Setting) -> tuple[list[ChipFormats], list[ChipAnswerRow]]:
    """Return what each chip can do, and rows for those that can do nothing."""
    usable: list[ChipFormats] = []
    rows: list[ChipAnswerRow] = []
    for chip in setting.chips:
        try:
            usable.append(formats_on(setting.question, chip, units=setting.units))
        except EdgeAsrError as error:
            rows.append(unanswered(chip.name, str(error)))
    return usable, rows


def _job(
    setting: Setting, formats: ChipFormats, damage: dict[str, Floats] | None, trust: Trust | None
) -> ChipJob:
    columns = [np.zeros(len(setting.units)) if damage is None else damage[name] for name in formats.names]
    return ChipJob(
        question=replace(setting.question, chips=(formats.chip.name,)),
        formats=formats,
        units=setting.units,
        utterances=setting.utterances,
        damage=np.stack(columns, axis=1),
        trust=trust,
    )


def _any_meets(jobs: Sequence[ChipJob], executor: Executor | None) -> bool:
    """Return whether some chip meets the budgets at any accuracy; the first that does ends the search."""
    return any(row.meets_budget for _, row in finished(answer_chip, jobs, executor=executor))


def _trust(setting: Setting, formats: ChipFormats, damage: dict[str, Floats]) -> Trust:
    """Return how far damage tells error rates over the formats of one chip, whatever they cost there."""
    networks = _networks(setting.question.model, setting.utterances)
    recipes = tuple(setting.question.recipe(name) for name in formats.names)
    costs = unit_costs(networks, setting.units, recipes=recipes, chip=formats.chip)
    summed = np.stack([damage[name] for name in formats.names], axis=1)
    problem = Problem(networks, setting.units, recipes, formats.chip, summed, costs, None)
    return confirm(setting, problem)[1]


def _answered(jobs: Sequence[ChipJob], setting: Setting) -> list[ChipAnswerRow]:
    """Return a row per job, from the folder or anew."""
    folder, progress = setting.run.path / FOLDER, setting.progress
    folder.mkdir(exist_ok=True)
    files = {job: folder / f"{job.formats.chip.name}--{_digest(job)}.json" for job in jobs}
    known = {job: row for job, file in files.items() if (row := _load(file)) is not None}
    rows = list(known.values())
    progress(TASK, len(rows), len(jobs))
    waiting = [job for job in jobs if job not in known]
    for job, row in finished(answer_chip, waiting, executor=setting.executor):
        rows.append(row)
        if row.is_answered:
            replace_text(files[job], json.dumps(asdict(row)))
        progress(TASK, len(rows), len(jobs), row.in_short)
    return rows


def _digest(job: ChipJob) -> str:
    """Return a digest of everything that a chip's answer depends on."""
    inputs = (job.question, job.formats, job.units, job.utterances, job.damage.tolist(), job.trust)
    return sha256(repr((inputs, code_versions(), costing_code())).encode()).hexdigest()[:16]


def _load(file: Path) -> ChipAnswerRow | None:
    try:
        return ChipAnswerRow(**json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise EdgeAsrError(f"'{file}' cannot be read; delete it to answer that chip again") from error
