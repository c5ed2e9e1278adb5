"""Mixed against uniform: for each uniform recipe the best mixture no larger and no slower on a chip.

Both are quantized by the same method and heard on the same corpora; differences come with a paired bootstrap.
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path

from hwmodels.chip_file import load_chip
from quant.recipe import Recipe, load_recipe, with_methods
from reports.bits.answer import Answer
from reports.bits.measured import Rates, measure_rates
from reports.bits.question import Question
from reports.bits.rows import formats_of
from reports.bits.run import answer
from reports.bits.trust import Trust
from reports.data import FLOAT_RECIPE, Accuracy
from reports.study.cost import utterances_of
from reports.study.folder import RunFolder
from reports.workloads import find_workload
from simulator.annotate import annotated
from simulator.budgets import Limit, used_of
from simulator.estimate import estimate
from traces.progress import Progress, silent

KEPT = ("packed_bytes", "latency_s")
"""What a mixture may use no more of than the uniform recipe it is compared with."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A mixture and the uniform recipe on one corpus; `difference` is the mixture's minus the other's."""

    corpus: str
    mixed: Accuracy
    uniform: Accuracy
    float_wer: float

    @property
    def verdict(self) -> str:
        """Whether the mixture's rate is lower, and whether that is beyond chance."""
        difference = self.mixed.wer_difference
        if difference is None or difference.low <= 0 <= difference.high:
            return "within noise"
        return "mixed better" if difference.high < 0 else "uniform better"


@dataclass(frozen=True, slots=True)
class Pair:
    """One uniform recipe on one chip, and the mixture chosen within its size and latency."""

    model: str
    chip: str
    uniform: str
    mixed: str
    formats: str
    uniform_used: tuple[float, float]
    mixed_used: tuple[float, float]
    """Of `KEPT`, in that order."""
    mixed_damage: float
    predicted_wer: float | None
    heard: tuple[Heard, ...]


@dataclass(frozen=True, slots=True)
class Sized:
    """A network with one format in every layer, embedding and head too: its size, and its measured rate."""

    recipe: str
    size_bytes: float
    wer: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """All pairs of one model, how far the proxy told error rates, and what else was measured.

    `others` were not compared: they are larger or smaller than the mixtures.
    """

    model: str
    pairs: tuple[Pair, ...]
    trust: Trust | None
    others: tuple[Sized, ...] = ()


def compare_mixed(
    question: Question,
    corpora: Sequence[str],
    uniform: Sequence[str],
    folder: Path,
    *,
    progress: Progress = silent,
    executor: Executor | None = None,
) -> tuple[Comparison, tuple[Answer, ...]]:
    """Return every pair of a model on the question's chips; its budgets are those of the uniform recipes.

    Mixtures are chosen on the first corpus's utterances, and rates predicted there.

    Raises:
        EdgeAsrError: as `reports.bits.run.answer`.
    """
    run = RunFolder(folder)
    run.prepare()
    first = replace(question, corpus=corpora[0])
    rates = measure_rates(first, run, (), progress=progress, executor=executor)
    workload = find_workload(question.model)
    utterances = utterances_of(rates.evaluations[FLOAT_RECIPE].rows, workload)
    answers: list[Answer] = []
    pairs: list[Pair] = []
    for chip in question.chips:
        for name in uniform:
            recipe = bundled_formats(question, name)
            used = used_of(estimate(annotated(workload, recipe), load_chip(chip), utterances))
            limits = tuple(Limit(key, used[key]) for key in KEPT)
            asked = replace(first, chips=(chip,), limits=limits)
            found = answer(asked, folder, progress=progress, executor=executor, around=False)
            if not found.solution.is_feasible:
                continue
            heard = tuple(
                _heard(replace(asked, corpus=corpus), run, found.chosen.recipe, recipe, progress, executor)
                for corpus in corpora
            )
            answers.append(found)
            pairs.append(_pair(found, recipe, used, heard))
    trust = answers[0].trust if answers else None
    others = _others(answers[0]) if answers else ()
    return Comparison(question.model, tuple(pairs), trust, others), tuple(answers)


def _others(found: Answer) -> tuple[Sized, ...]:
    measured = {point.recipe: point.wer for point in found.trust.points} if found.trust else {}
    return tuple(
        Sized(each.recipe.name, each.used["packed_bytes"], measured[each.recipe.name])
        for each in found.uniform
        if each.recipe.name in measured
    )


def bundled_formats(question: Question, name: str) -> Recipe:
    """Return a bundled recipe's formats by the question's method."""
    return with_methods(load_recipe(name), question.steps(), name=f"{name}+{question.method}")


def _heard(
    question: Question, run: RunFolder, mixed: Recipe, uniform: Recipe, progress: Progress,
    executor: Executor | None,
) -> Heard:  # fmt: skip
    rates: Rates = measure_rates(question, run, (mixed, uniform), progress=progress, executor=executor)
    return Heard(
        question.corpus,
        rates.accuracy(mixed.name, baseline=uniform.name),
        rates.accuracy(uniform.name),
        rates.float_wer,
    )


def _pair(found: Answer, recipe: Recipe, used: dict[str, float], heard: tuple[Heard, ...]) -> Pair:
    chosen = found.chosen
    packed, latency = KEPT
    return Pair(
        model=found.question.model,
        chip=found.formats.chip.name,
        uniform=recipe.name,
        mixed=chosen.recipe.name,
        formats=formats_of(found),
        uniform_used=(used[packed], used[latency]),
        mixed_used=(chosen.used[packed], chosen.used[latency]),
        mixed_damage=chosen.damage,
        predicted_wer=found.predicted_wer,
        heard=heard,
    )
