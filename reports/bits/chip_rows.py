"""The table of several chips' answers to the same budget."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reports.bits.answer import GAP, Answer
from reports.bits.rows import formats_of, weight_bits
from reports.units import percent, points


@dataclass(frozen=True, slots=True)
class ChipAnswerRow:
    """One chip's answer: its best mixture, or the nearest miss.

    `used_share` is how much of its tightest budget that takes. `missed` says what keeps the chip from the
    budget. `gap` is the share of the damage that a better mixture might save: more than none where the search
    ended before the mixture was proven to be the least damaging. Figures are None where there is no answer.
    """

    chip: str
    meets_budget: bool
    formats: str
    weight_bits: float | None
    damage: float | None
    gap: float | None
    wer_predicted: float | None
    used_share: float | None
    latency_s: float | None
    energy_j: float | None
    packed_bytes: float | None
    sram_bytes: float | None
    fits: bool
    missed: str

    @property
    def is_answered(self) -> bool:
        """Whether there is a mixture at all."""
        return self.used_share is not None

    @property
    def in_short(self) -> str:
        """The row in a few words."""
        if self.missed:
            return f"{self.chip}: missed, {self.missed}"
        return f"{self.chip}: met, {self.formats}"


def chip_row(answer: Answer) -> ChipAnswerRow:
    """Return the row of one chip's answer."""
    chosen = answer.chosen
    tightest = max(answer.limits, key=lambda limit: chosen.used[limit.key] / limit.limit)
    share = chosen.used[tightest.key] / tightest.limit
    measured = answer.trust is not None
    return ChipAnswerRow(
        chip=answer.formats.chip.name,
        meets_budget=answer.is_met,
        formats=formats_of(answer),
        weight_bits=weight_bits(chosen),
        damage=chosen.damage if measured else None,
        gap=answer.solution.gap if measured else None,
        wer_predicted=answer.predicted_wer,
        used_share=share,
        fits=chosen.found.fits(),
        missed=_missed(answer, tightest.key, share),
        **chosen.used,
    )


def unanswered(chip: str, why: str) -> ChipAnswerRow:
    """Return the row of a chip for which there is no mixture."""
    return ChipAnswerRow(
        chip=chip,
        meets_budget=False,
        formats="",
        weight_bits=None,
        damage=None,
        gap=None,
        wer_predicted=None,
        used_share=None,
        latency_s=None,
        energy_j=None,
        packed_bytes=None,
        sram_bytes=None,
        fits=False,
        missed=why,
    )


def in_order(rows: Sequence[ChipAnswerRow]) -> tuple[ChipAnswerRow, ...]:
    """Return those that meet the budget first, least damaged and fastest first; then the nearest misses."""

    def place(row: ChipAnswerRow) -> tuple[bool, float, float, str]:
        missed_by = math.inf if row.used_share is None else row.used_share
        worth = row.damage or 0.0 if row.meets_budget else missed_by
        return not row.meets_budget, worth, row.latency_s or 0.0, row.chip

    return tuple(sorted(rows, key=place))


def summed_up(rows: Sequence[ChipAnswerRow]) -> tuple[str, ...]:
    """Return the table in sentences: how many chips meet the budget, and which answers are not proven."""
    meeting = sum(row.meets_budget for row in rows)
    sentences = [f"{meeting} of {len(rows)} chips meet the budget."]
    unproven = [row for row in rows if row.meets_budget and row.gap is not None and row.gap > GAP]
    if unproven:
        worst = max(unproven, key=lambda row: row.gap or 0.0)
        sentences.append(
            f"On {len(unproven)} of them the search ended before the mixture was proven least damaging: at "
            f"most {percent(worst.gap or 0.0)} of the damage might be saved ({worst.chip})."
        )
    return tuple(sentences)


def _missed(answer: Answer, key: str, share: float) -> str:
    """Return what keeps a chip from its budget, and by how much; empty where nothing does."""
    if not answer.solution.is_feasible:
        return f"{key} by {percent(share - 1)}"
    return "" if answer.is_met else f"word error rate by {points(answer.wer_increase or 0.0)} points"
