"""The tables of an answer, as frozen rows in SI base units."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from reports.bits.answer import Answer
from simulator.allocation.choices import MET
from simulator.budgets import used_of
from simulator.mixtures.problem import Mixture


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """A network that was weighed: the chosen one, the next best, and the uniform ones.

    `weight_bits` is the checkpoint's bits over its parameters, scales and float norms included. `damage` is
    the units' summed divergence in nats per token, None where none was measured.
    """

    what: str
    recipe: str
    meets_budget: bool
    weight_bits: float
    damage: float | None
    wer_predicted: float | None
    wer: float | None
    wer_difference: float | None
    latency_s: float
    energy_j: float
    packed_bytes: float
    sram_bytes: float


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """One budget: what it allows, what the sum of units predicts, what the mixed network takes.

    `pessimistic` is at the bad end of the chip's assumed and fitted numbers; `needed` is how large the budget
    must be, all others as they are, where it cannot be met.
    """

    budget: str
    limit: float
    summed: float
    used: float
    margin: float
    share: float
    pessimistic: float
    is_met: bool
    needed: float | None


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One unit: the format it got, and what that damages, if it was measured, and costs."""

    unit: str
    format: str
    damage: float | None
    latency_s: float
    energy_j: float
    packed_bytes: float


def candidate_rows(answer: Answer) -> tuple[CandidateRow, ...]:
    """Return the chosen mixture, the next best ones, and the uniform networks."""
    found = "chosen" if answer.question.utterance is None else "most bits kept"
    first = found if answer.solution.is_feasible else "nearest miss"
    return (
        _candidate(answer, first, answer.chosen),
        *(_candidate(answer, f"next best {n + 1}", other) for n, other in enumerate(answer.alternatives)),
        *(_candidate(answer, "uniform", other) for other in answer.uniform),
    )


def budget_rows(answer: Answer) -> tuple[BudgetRow, ...]:
    """Return one row per budget of the question."""
    chosen, worst = answer.chosen, pessimistic(answer.chosen)
    return tuple(
        BudgetRow(
            budget=limit.key,
            limit=limit.limit,
            summed=chosen.summed[limit.key],
            used=chosen.used[limit.key],
            margin=limit.limit - chosen.used[limit.key],
            share=chosen.used[limit.key] / limit.limit,
            pessimistic=worst[limit.key],
            is_met=chosen.used[limit.key] <= limit.limit * MET,
            needed=answer.needed.get(limit.key),
        )
        for limit in answer.limits
    )


def unit_rows(answer: Answer) -> tuple[UnitRow, ...]:
    """Return one row per unit, in the order they first run."""
    problem, chosen = answer.problem, answer.chosen.chosen
    costs = problem.costs
    return tuple(
        UnitRow(
            unit=unit.name.removeprefix("model."),
            format=problem.recipes[index].name,
            damage=None if answer.question.utterance else float(problem.damage[row, index]),
            latency_s=float(costs.latency_s[row, index]),
            energy_j=float(costs.energy_j[row, index]),
            packed_bytes=float(costs.packed_bytes[row, index]),
        )
        for row, (unit, index) in enumerate(zip(problem.units, chosen, strict=True))
    )


def front_rows(answer: Answer) -> tuple[CandidateRow, ...]:
    """Return the mixtures along the first budget, smallest first, all other budgets met."""
    return tuple(_candidate(answer, f"{answer.front_key} front", other) for other in answer.front)


def formats_of(answer: Answer) -> str:
    """Return how many units got which format, most first: `w4a8-g32 x12, w8a8 x14`."""
    counted = Counter(answer.problem.recipes[index].name for index in answer.chosen.chosen)
    return ", ".join(f"{name} x{count}" for name, count in counted.most_common())


def pessimistic(mixture: Mixture) -> dict[str, float]:
    """Return what a mixture takes of every budget at the bad end of the chip's uncertain numbers."""
    found = mixture.found
    return used_of(found) | {
        "latency_s": float(np.mean(found.latency_s().high)),
        "energy_j": float(np.mean(found.energy_j().high)),
    }


def weight_bits(mixture: Mixture) -> float:
    """Return the bits of the checkpoint over its parameters, scales and float norms included."""
    return 8 * mixture.used["packed_bytes"] / mixture.found.workload.parameters


def _candidate(answer: Answer, what: str, mixture: Mixture) -> CandidateRow:
    name = mixture.recipe.name
    rates, trust = answer.rates, answer.trust
    measured = rates is not None and name in rates.evaluations
    accuracy = rates.accuracy(name) if rates is not None and measured else None
    difference = accuracy.wer_difference if accuracy else None
    predicts = trust is not None and trust.n_points > 0
    return CandidateRow(
        what=what,
        recipe=name,
        meets_budget=mixture.meets(answer.limits),
        weight_bits=weight_bits(mixture),
        damage=mixture.damage if trust is not None else None,
        wer_predicted=trust.predicted_wer(mixture.damage, without=name) if trust and predicts else None,
        wer=accuracy.wer.nominal if accuracy else None,
        wer_difference=difference.nominal if difference else None,
        **mixture.used,
    )
