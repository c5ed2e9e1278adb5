"""The answer for one chip: the mixture, what it was weighed against, and what was measured."""

from dataclasses import dataclass, field

from reports.bits.formats import ChipFormats
from reports.bits.measured import Rates
from reports.bits.question import Question
from reports.bits.trust import Trust
from simulator.budgets import Limit
from simulator.mixtures.problem import Mixture, Problem
from simulator.mixtures.search import Solution

GAP = 1e-6
"""A gap below this is none: the solver's own tolerance."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Which recipe each unit follows on a chip, or how near to the budget one can come.

    `rates` are None where the mixture was not measured: one of several chips, or a nearest miss; `trust` is
    None where no sensitivity was measured, because no recipe can meet the budget.
    """

    question: Question
    formats: ChipFormats
    problem: Problem
    solution: Solution
    uniform: tuple[Mixture, ...]
    front_key: str
    trust: Trust | None = None
    rates: Rates | None = None
    needed: dict[str, float | None] = field(default_factory=dict)
    """Per budget, how large it must be, all others as they are; empty where all are met."""
    alternatives: tuple[Mixture, ...] = ()
    front: tuple[Mixture, ...] = ()

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The budgets."""
        return self.question.limits

    @property
    def chosen(self) -> Mixture:
        """The mixture that is recommended, or the nearest miss."""
        return self.solution.mixture

    @property
    def predicted_wer(self) -> float | None:
        """The rate predicted from other recipes' rates and the mixture's summed damage."""
        if self.trust is None or not self.trust.points or not self.solution.is_feasible:
            return None
        return self.trust.predicted_wer(self.chosen.damage, without=self.chosen.recipe.name)

    @property
    def wer_increase(self) -> float | None:
        """How much the rate exceeds the float network's, as a fraction: measured, or else predicted."""
        if self.rates is not None and self.solution.is_feasible:
            return self.rates.wer(self.chosen.recipe.name) - self.rates.float_wer
        if self.trust is None or self.predicted_wer is None:
            return None
        return self.predicted_wer - self.trust.float_wer

    @property
    def is_met(self) -> bool:
        """Whether every budget holds, and the error rate rises no more than is allowed."""
        allowed, increase = self.question.max_wer_increase, self.wer_increase
        return self.solution.is_feasible and (allowed is None or increase is None or increase <= allowed)
