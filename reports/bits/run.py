"""Answering a question: cost first, then sensitivities, the choice, and its word error rate."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hwmodels.chip_file import load_chip
from hwmodels.op_table import Floats
from reports.bits.answer import Answer
from reports.bits.formats import ChipFormats, formats_on
from reports.bits.measured import Rates, measure_rates
from reports.bits.question import Question
from reports.bits.sensitivities import sensitivities
from reports.bits.trust import Point, Trust, trust_of
from reports.data import FLOAT_RECIPE
from reports.study.cost import utterances_of
from reports.study.folder import RunFolder
from reports.workloads import check_not_packed, find_workload
from simulator.mixing import Unit, units_of
from simulator.mixtures import (
    Mixture,
    Problem,
    Solution,
    alternatives,
    front,
    problem_of,
    relaxed,
    solve,
    uniform,
)
from simulator.utterances import Utterance
from traces.progress import Progress, silent
from traces.workload import Workload

N_ALTERNATIVES = 3
CHANGED_SHARE = 8
"""An alternative differs in at least an eighth of the units, or it would be the same answer."""

N_FRONT = 9


@dataclass(frozen=True, slots=True, eq=False)
class _Setting:
    """What answers for all chips share."""

    question: Question
    workload: Workload
    units: tuple[Unit, ...]
    utterances: tuple[Utterance, ...]
    run: RunFolder
    progress: Progress
    executor: Executor | None
    around: bool


def answer(
    question: Question,
    folder: Path,
    *,
    progress: Progress = silent,
    executor: Executor | None = None,
    around: bool = True,
) -> tuple[Answer, ...]:
    """Return the answer for each chip of a question.

    What cannot be met at any accuracy is found out before anything is measured but the float network. For one
    chip the mixture's error rate is measured, and rates of other recipes to predict it from; for several,
    rates are predicted only. `around` says whether the next best mixtures and the front are looked for too.

    Raises:
        EdgeAsrError: if a name is unknown, the folder cannot be written, or the weights are missing.
    """
    check_not_packed(question.model, "bits")
    chips = tuple(load_chip(name) for name in question.chips)
    workload = find_workload(question.model)
    units = units_of(workload)
    usable = tuple(formats_on(question, chip, units) for chip in chips)
    run = RunFolder(folder)
    run.prepare()
    rates = measure_rates(question, run, (), progress=progress, executor=executor)
    utterances = utterances_of(rates.evaluations[FLOAT_RECIPE].rows, workload)
    setting = _Setting(question, workload, units, utterances, run, progress, executor, around)
    blank = [_problem(setting, formats) for formats in usable]
    missed = [_missed(setting, *pair) for pair in zip(usable, blank, strict=True)]
    reachable = [formats for formats, miss in zip(usable, missed, strict=True) if miss is None]
    damage = _damage(setting, reachable)
    answers: list[Answer] = []
    measured: tuple[Rates, Trust] | None = None
    for formats, problem, miss in zip(usable, blank, missed, strict=True):
        if miss is not None:
            answers.append(miss)
            continue
        known = replace(problem, damage=np.stack([damage[name] for name in formats.names], axis=1))
        measured = measured or _trust(setting, known)
        answers.append(_answer(setting, formats, known, *measured))
    return tuple(answers)


def _problem(setting: _Setting, formats: ChipFormats) -> Problem:
    """Return the problem on a chip with no damage known yet."""
    recipes = tuple(setting.question.recipe(name) for name in formats.names)
    nothing = np.zeros((len(setting.units), len(recipes)))
    return problem_of(setting.workload, setting.units, recipes, formats.chip, setting.utterances, nothing)


def _missed(setting: _Setting, formats: ChipFormats, problem: Problem) -> Answer | None:
    """Return the nearest miss if no mixture meets the budgets whatever its accuracy, else None."""
    solution = solve(problem, setting.question.limits)
    return None if solution.is_feasible else _nearest_miss(setting, formats, problem, solution)


def _nearest_miss(setting: _Setting, formats: ChipFormats, problem: Problem, solution: Solution) -> Answer:
    limits = setting.question.limits
    return Answer(
        question=setting.question,
        formats=formats,
        problem=problem,
        solution=solution,
        uniform=uniform(problem),
        front_key=limits[0].key,
        needed=relaxed(problem, limits, solution),
    )


def _damage(setting: _Setting, usable: Sequence[ChipFormats]) -> dict[str, Floats]:
    """Return the damage of each unit, (units,), by format, of all formats that some chip can use."""
    formats = tuple(dict.fromkeys(name for each in usable for name in each.names))
    if not formats:
        return {}
    found = sensitivities(
        setting.question,
        setting.run.path,
        setting.units,
        formats,
        executor=setting.executor,
        progress=setting.progress,
    )
    return {name: found[:, index] for index, name in enumerate(formats)}


def _trust(setting: _Setting, problem: Problem) -> tuple[Rates, Trust]:
    """Return rates of recipes over the whole range of damage, and how far damage tells them."""
    question = setting.question
    known = {each.recipe.name: each for each in _spread(problem, question.confirmed)}
    rates = measure_rates(
        question,
        setting.run,
        [each.recipe for each in known.values()],
        progress=setting.progress,
        executor=setting.executor,
    )
    points = [Point(name, each.damage, rates.wer(name)) for name, each in known.items()]
    return rates, trust_of(points, rates.float_wer)


def _spread(problem: Problem, count: int) -> tuple[Mixture, ...]:
    """Return so many mixtures over the range of damage: half along the front of size, half uniform ones."""
    if count == 0:
        return ()
    along, _ = front(problem, "packed_bytes", (), n_points=(count + 1) // 2)
    known = {each.recipe.name for each in along}
    others = [each for each in uniform(problem) if each.recipe.name not in known and each.damage > 0]
    others.sort(key=lambda each: each.damage)
    left = min(count - len(along), len(others))
    places = np.linspace(len(others) - 1, 0, max(left, 0)).round().astype(int).tolist()
    return (*along, *(others[place] for place in dict.fromkeys(places)))


def _answer(setting: _Setting, formats: ChipFormats, problem: Problem, rates: Rates, trust: Trust) -> Answer:
    limits = setting.question.limits
    solution = solve(problem, limits)
    if not solution.is_feasible:
        return _nearest_miss(setting, formats, problem, solution)
    found = Answer(
        question=setting.question,
        formats=formats,
        problem=problem,
        solution=solution,
        uniform=uniform(problem),
        front_key=limits[0].key,
        trust=trust,
    )
    return _looked_into(setting, found, rates) if len(setting.question.chips) == 1 else found


def _looked_into(setting: _Setting, found: Answer, rates: Rates) -> Answer:
    """Return the answer with what is worth its time for one chip: a measured rate, and what lies around."""
    problem, limits, key = found.problem, found.limits, found.front_key
    chosen = measure_rates(
        setting.question,
        setting.run,
        [found.chosen.recipe],
        progress=setting.progress,
        executor=setting.executor,
    )
    found = replace(found, rates=Rates(setting.question, rates.evaluations | chosen.evaluations))
    if not setting.around:
        return found
    changes = max(1, len(setting.units) // CHANGED_SHARE)
    others = alternatives(problem, limits, found.solution, count=N_ALTERNATIVES, changes=changes)
    along, _ = front(problem, key, [limit for limit in limits if limit.key != key], n_points=N_FRONT)
    return replace(found, alternatives=others, front=along)
