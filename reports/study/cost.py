"""Costing the models of a study: every model under every recipe on every chip."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from asr.results import UtteranceResult
from hwmodels.chip import Chip
from hwmodels.chip_file import load_chip
from reports.data import FLOAT_RECIPE, Utterances
from reports.study.config import Study
from reports.study.folder import Measured
from reports.study.grid import Variant, variants
from reports.workloads import find_workload
from simulator.annotate import annotated
from simulator.estimate import Estimate, estimate
from simulator.metrics import Counts
from simulator.utterances import Utterance, most_tokens
from simulator.walk import utterance_counts
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
    """A model under a recipe: its counts per utterance, and its estimate on each chip of the study."""

    model: str
    variant: Variant
    costed_as: str
    """The recipe whose estimates hold for this one too: itself, or an earlier one with the same graphs."""
    workload: Workload
    """In the recipe's formats."""
    mix: Mix
    counts: Counts
    estimates: tuple[Estimate, ...]
    """Empty where an earlier recipe's hold."""


def costs(study: Study, measured: Sequence[Measured], *, progress: Progress) -> Iterator[Costed]:
    """Yield the costs of every model under every recipe.

    A measured model is costed over the utterances of the first corpus with the tokens its float form
    generated there, so that recipes are compared on equal work. A cost-only model takes those of the first
    measured model of its family, or of any; `ASSUMED` where nothing was measured. What differs only in the
    method that found the numbers is costed once.

    Raises:
        EdgeAsrError: if a model, recipe or chip cannot be read, or a chip cannot run an op.
    """
    chips = tuple(load_chip(name) for name in study.chips)
    recipes = variants(study)
    workloads = {model: find_workload(model) for model in (*study.models, *study.cost_only)}
    mixes = {model: _mix(model, workloads, study, measured) for model in workloads}
    done, total = 0, len(workloads) * len(recipes)
    for model, workload in workloads.items():
        known: dict[Workload, Costed] = {}
        for variant in recipes:
            quantized = annotated(workload, variant.recipe)
            if quantized in known:
                costed = replace(known[quantized], variant=variant, estimates=())
            else:
                costed = known[quantized] = _costed(model, variant, quantized, mixes[model], chips)
            done += 1
            progress("cost of every recipe", done, total)
            yield costed


def _costed(model: str, variant: Variant, workload: Workload, mix: Mix, chips: tuple[Chip, ...]) -> Costed:
    return Costed(
        model=model,
        variant=variant,
        costed_as=variant.recipe.name,
        workload=workload,
        mix=mix,
        counts=utterance_counts(workload, mix.utterances),
        estimates=tuple(estimate(workload, chip, utterances=mix.utterances) for chip in chips),
    )


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
    return Mix(utterances_of(rows[source], workloads[model]), f"{corpus}, {whose}")


def utterances_of(rows: Sequence[UtteranceResult], workload: Workload) -> tuple[Utterance, ...]:
    """Return what was heard as the cost model sees it.

    Where another recogniser heard it, or one without learned positions went on beyond what it was made for,
    tokens are at most as many as the workload's decoder can make.
    """
    most = most_tokens(workload, np.array([row.audio_s for row in rows]))
    return tuple(
        Utterance(row.audio_s, int(min(max(row.tokens, 1), limit)))
        for row, limit in zip(rows, most, strict=True)
    )
