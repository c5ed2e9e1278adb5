"""Costing the models of a study: every model under every recipe on every chip."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from asr.results import UtteranceResult
from hwmodels.chip import Chip
from hwmodels.chip_file import load_chip
from quant.recipe import load_recipe
from reports.data import FLOAT_RECIPE, Utterances
from reports.study.config import Study
from reports.study.measure import Measured
from reports.workloads import find_workload
from simulator.annotate import annotated
from simulator.estimate import Estimate, estimate
from simulator.utterances import Utterance
from traces.progress import Progress
from traces.workload import Workload

ASSUMED = Utterance(audio_s=5.0, tokens=20)
"""What is costed when a study measures nothing: about the pace of read English (4 tokens a second)."""


@dataclass(frozen=True, slots=True)
class Mix:
    """The utterances a cost is averaged over, and where they come from."""

    utterances: tuple[Utterance, ...]
    source: str

    def described(self) -> Utterances:
        """Return the mix as a report names it."""
        n_utterances = len(self.utterances)
        return Utterances(
            n_utterances=n_utterances,
            mean_audio_s=sum(utterance.audio_s for utterance in self.utterances) / n_utterances,
            mean_tokens=sum(utterance.tokens for utterance in self.utterances) / n_utterances,
            source=self.source,
        )


@dataclass(frozen=True, slots=True)
class Costed:
    """A model under a recipe, and its estimate on each chip of the study."""

    model: str
    recipe: str
    workload: Workload
    """In the recipe's formats."""
    mix: Mix
    estimates: tuple[Estimate, ...]


def costs(study: Study, measured: Sequence[Measured], *, progress: Progress) -> Iterator[Costed]:
    """Yield the costs of every model under every recipe.

    A measured model is costed over the utterances of the first corpus with the tokens its float form
    generated there, so that recipes are compared on equal work. A cost-only model takes those of the first
    measured model of its family, or of any; `ASSUMED` where nothing was measured.

    Raises:
        EdgeAsrError: if a model, recipe or chip cannot be read, or a chip cannot run an op.
    """
    chips = tuple(load_chip(name) for name in study.chips)
    recipes = tuple(load_recipe(name) for name in study.recipes)
    workloads = {model: find_workload(model) for model in (*study.models, *study.cost_only)}
    mixes = {model: _mix(model, workloads, study, measured) for model in workloads}
    done, total = 0, len(workloads) * len(recipes)
    for model, workload in workloads.items():
        for recipe in recipes:
            quantized = annotated(workload, recipe)
            estimates = tuple(_estimate(quantized, chip, mixes[model]) for chip in chips)
            done += 1
            progress("cost on every chip", done, total)
            yield Costed(model, recipe.name, quantized, mixes[model], estimates)


def _estimate(workload: Workload, chip: Chip, mix: Mix) -> Estimate:
    return estimate(workload, chip, mix.utterances)


def _mix(model: str, workloads: dict[str, Workload], study: Study, measured: Sequence[Measured]) -> Mix:
    corpus = study.corpora[0]
    rows = {
        cell.cell.model: cell.evaluation.rows
        for cell in sorted(measured, key=lambda cell: cell.cell.recipe == FLOAT_RECIPE)
        if cell.cell.corpus == corpus
    }
    if not rows:
        return Mix((ASSUMED,), "assumed: no corpus was measured")
    relatives = [name for name in rows if workloads[name].family == workloads[model].family]
    source = model if model in rows else (relatives or list(rows))[0]
    whose = "measured" if source == model else f"tokens of {source}"
    return Mix(tuple(_utterance(row) for row in rows[source]), f"{corpus}, {whose}")


def _utterance(row: UtteranceResult) -> Utterance:
    return Utterance(row.audio_s, max(row.tokens, 1))
