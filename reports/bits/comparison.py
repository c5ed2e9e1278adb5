"""Mixed against uniform: for each uniform recipe the best mixture no larger and no slower on a chip.

The mixture is quantized by the question's method, the uniform recipe by several, and all are heard on the
same corpora; differences come with a paired bootstrap.
"""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from hwmodels.op_table import Floats
from quant.recipe import Recipe, load_recipe, with_methods
from reports.bits.confirm import confirm
from reports.bits.measured import Rates, measure_rates
from reports.bits.question import Question
from reports.bits.sensitivities import sensitivities
from reports.bits.setting import Setting, setting_of
from reports.bits.trust import Point, Trust, trust_of
from reports.data import Accuracy
from simulator.budgets import Limit, used_of
from simulator.mixtures.problem import Mixture, Problem, problem_of
from simulator.mixtures.search import solve
from traces.progress import Progress, silent

KEPT = ("packed_bytes", "latency_s")
"""What a mixture may use no more of than the uniform recipe it is compared with."""


class Verdict(StrEnum):
    """A mixture's error rate beside a uniform recipe's; beyond noise is a 95 % interval without 0."""

    BETTER = "lower, beyond noise"
    LOWER = "lower, within noise"
    NOT_LOWER = "not lower, within noise"
    WORSE = "higher, beyond noise"


@dataclass(frozen=True, slots=True)
class Heard:
    """A mixture and a uniform recipe on one corpus; the mixture's difference is to the other."""

    corpus: str
    mixed: Accuracy
    uniform: Accuracy

    @property
    def verdict(self) -> Verdict:
        """Whether the mixture's rate is lower, and whether that is beyond chance."""
        difference = self.mixed.wer_difference
        if difference is None:
            return Verdict.NOT_LOWER
        if difference.high < 0:
            return Verdict.BETTER
        if difference.low > 0:
            return Verdict.WORSE
        return Verdict.LOWER if difference.nominal < 0 else Verdict.NOT_LOWER


@dataclass(frozen=True, slots=True)
class Pair:
    """One uniform recipe by one method on one chip, and the mixture chosen within its size and latency."""

    model: str
    chip: str
    uniform: str
    method: str
    mixed: str
    formats: str
    uniform_used: tuple[float, float]
    mixed_used: tuple[float, float]
    """Of `KEPT`, in that order."""
    mixed_damage: float
    predicted_wer: float | None
    heard: tuple[Heard, ...]

    @property
    def network(self) -> str:
        """The uniform network's name."""
        return f"{self.uniform}+{self.method}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """All pairs of one model, and how far the proxy told the error rates of what was measured.

    `without` names uniform recipes and chips for which no mixture is as small and as fast.
    """

    model: str
    pairs: tuple[Pair, ...]
    trust: Trust
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Budget:
    """A uniform recipe's size and latency on a chip, and the mixture chosen within them."""

    chip: str
    uniform: str
    used: tuple[float, float]
    chosen: Mixture
    formats: str


def compare_mixed(
    question: Question,
    corpora: Sequence[str],
    *,
    uniform: Sequence[str],
    methods: Sequence[str],
    folder: Path,
    progress: Progress = silent,
    executor: Executor | None = None,
) -> Comparison:
    """Return every pair of a model on the question's chips; its budgets are those of the uniform recipes.

    Mixtures are chosen on the first corpus's utterances, and rates predicted there. Damage is set beside the
    rates of the mixtures, and of as many further recipes as the question asks for.

    Raises:
        EdgeAsrError: as `reports.bits.run.answer`.
    """
    first = replace(question, corpus=corpora[0])
    setting = setting_of(first, folder, progress=progress, executor=executor)
    names = first.formats
    damage = sensitivities(
        first, folder, units=setting.units, formats=names, executor=executor, progress=progress
    )
    problems = [_problem(setting, chip, damage) for chip in range(len(setting.chips))]
    budgets: list[_Budget] = []
    without: list[str] = []
    for problem in problems:
        for name in uniform:
            found = _budget(first, problem, name)
            if found is None:
                without.append(f"{name} on {problem.chip.name}")
            else:
                budgets.append(found)
    rates = {
        corpus: _heard_on(replace(first, corpus=corpus), setting, budgets, uniform, methods)
        for corpus in corpora
    }
    trust = _trust(setting, problems[0], budgets, rates[corpora[0]])
    pairs = (_pair(first, budget, method, rates, trust) for budget in budgets for method in methods)
    return Comparison(question.model, tuple(pairs), trust, tuple(without))


def bundled_formats(question: Question, name: str, *, method: str) -> Recipe:
    """Return a bundled recipe's formats by a method."""
    steps = replace(question, method=method).steps()
    return with_methods(load_recipe(name), steps, name=f"{name}+{method}")


def _problem(setting: Setting, chip_idx: int, damage: Floats) -> Problem:
    recipes = tuple(setting.question.recipe(name) for name in setting.question.formats)
    return problem_of(
        setting.networks, setting.units, recipes=recipes, chip=setting.chips[chip_idx], damage=damage
    )


def _budget(question: Question, problem: Problem, name: str) -> _Budget | None:
    """Return the mixture within a uniform recipe's size and latency; None where there is no such mixture."""
    recipe = bundled_formats(question, name, method=question.method)
    used = used_of(problem.networks.estimate(recipe, problem.chip))
    limits = [Limit(key, used[key]) for key in KEPT]
    found = solve(problem, limits, time_limit_s=question.time_limit_s)
    if not found.is_feasible:
        return None
    chosen = found.mixture
    counted = Counter(problem.recipes[index].name for index in chosen.chosen).most_common()
    formats = ", ".join(f"{each} x{count}" for each, count in counted)
    packed, latency = KEPT
    return _Budget(problem.chip.name, name, (used[packed], used[latency]), chosen, formats)


def _heard_on(
    question: Question,
    setting: Setting,
    budgets: Sequence[_Budget],
    uniform: Sequence[str],
    methods: Sequence[str],
) -> Rates:
    recipes = [bundled_formats(question, name, method=method) for name in uniform for method in methods]
    recipes += [budget.chosen.recipe for budget in budgets]
    return measure_rates(
        question, setting.run, recipes=recipes, progress=setting.progress, executor=setting.executor
    )


def _trust(setting: Setting, problem: Problem, budgets: Sequence[_Budget], rates: Rates) -> Trust:
    known = {budget.chosen.recipe.name: budget.chosen.damage for budget in budgets}
    points = [Point(name, damage, rates.wer(name)) for name, damage in known.items()]
    if setting.question.confirmed:
        points += [each for each in confirm(setting, problem)[1].points if each.recipe not in known]
    return trust_of(points, rates.float_wer)


def _pair(question: Question, budget: _Budget, method: str, rates: dict[str, Rates], trust: Trust) -> Pair:
    chosen, name = budget.chosen, f"{budget.uniform}+{method}"
    packed, latency = KEPT
    return Pair(
        model=question.model,
        chip=budget.chip,
        uniform=budget.uniform,
        method=method,
        mixed=chosen.recipe.name,
        formats=budget.formats,
        uniform_used=budget.used,
        mixed_used=(chosen.used[packed], chosen.used[latency]),
        mixed_damage=chosen.damage,
        predicted_wer=trust.predicted_wer(chosen.damage, without=chosen.recipe.name),
        heard=tuple(
            Heard(corpus, on.accuracy(chosen.recipe.name, baseline=name), on.accuracy(name))
            for corpus, on in rates.items()
        ),
    )
