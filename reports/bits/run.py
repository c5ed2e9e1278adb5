"""Answering a question on one chip: cost first, then sensitivities, the choice, and its word error rate."""

from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path

import numpy as np

from reports.bits.answer import Answer
from reports.bits.confirm import confirm
from reports.bits.cost_only import bits_given_up
from reports.bits.formats import formats_on
from reports.bits.measured import Rates, measure_rates
from reports.bits.question import Question
from reports.bits.sensitivities import sensitivities
from reports.bits.setting import Setting, setting_of
from simulator.mixtures.around import alternatives, front, relaxed
from simulator.mixtures.problem import problem_of, uniform
from simulator.mixtures.search import solve
from traces.progress import Progress, silent

N_ALTERNATIVES = 3
CHANGED_SHARE = 8
"""An alternative differs in at least an eighth of the units, or it would be the same answer."""

N_FRONT = 9


def answer(
    question: Question,
    folder: Path,
    *,
    progress: Progress = silent,
    executor: Executor | None = None,
) -> Answer:
    """Return the answer for a question's one chip.

    What cannot be met at any accuracy is found out before anything is measured but the float network. The
    mixture's error rate is measured, and rates of other recipes to predict it from. Where cost alone is asked
    for, the mixture is the one that keeps most bits.

    Raises:
        EdgeAsrError: if a name is unknown, the folder cannot be written, or the weights are missing.
    """
    setting = setting_of(question, folder, progress=progress, executor=executor)
    (chip,) = setting.chips
    formats = formats_on(question, chip, units=setting.units)
    recipes = tuple(question.recipe(name) for name in formats.names)
    nothing = np.zeros((len(setting.units), len(recipes)))
    problem = problem_of(setting.networks, setting.units, recipes=recipes, chip=chip, damage=nothing)
    if question.utterance is not None:
        problem = replace(problem, damage=bits_given_up(problem))
    solution = solve(problem, question.limits, time_limit_s=question.time_limit_s)
    found = Answer(question, formats, problem, solution, uniform(problem), question.limits[0].key)
    if not solution.is_feasible:
        return replace(found, needed=relaxed(problem, question.limits, solution=solution))
    if question.utterance is not None:
        return found
    damage = sensitivities(
        question, folder, units=setting.units, formats=formats.names, executor=executor, progress=progress
    )
    problem = replace(problem, damage=damage)
    rates, trust = confirm(setting, problem)
    solution = solve(problem, question.limits, time_limit_s=question.time_limit_s)
    found = replace(found, problem=problem, solution=solution, uniform=uniform(problem), trust=trust)
    if not solution.is_feasible:
        return replace(found, needed=relaxed(problem, question.limits, solution=solution))
    return _looked_into(setting, found, rates)


def _looked_into(setting: Setting, found: Answer, rates: Rates) -> Answer:
    """Return the answer with the mixture's measured rate, and what lies around it."""
    problem, limits, key = found.problem, found.limits, found.front_key
    chosen = measure_rates(
        setting.question,
        setting.run,
        recipes=[found.chosen.recipe],
        progress=setting.progress,
        executor=setting.executor,
    )
    found = replace(found, rates=Rates(setting.question, rates.evaluations | chosen.evaluations))
    changes = max(1, len(setting.units) // CHANGED_SHARE)
    others = alternatives(problem, limits, solution=found.solution, count=N_ALTERNATIVES, changes=changes)
    along, _ = front(problem, key, limits=[limit for limit in limits if limit.key != key], n_points=N_FRONT)
    return replace(found, alternatives=others, front=along)
