"""An answer as one HTML page in the style of a study's report."""

from collections.abc import Sequence

from reports.bits.answer import Answer
from reports.bits.charts import answer_charts
from reports.bits.rows import BudgetRow, CandidateRow, UnitRow, budget_rows, candidate_rows, unit_rows
from reports.bits.words import gains, shown_amount, verdict
from reports.page import Line
from reports.shell import render_page
from reports.shown import heading, shown
from reports.tables import table_of
from reports.units import percent

BUDGET_HEADS = (
    "Budget",
    "Limit",
    "Sum of units",
    "Mixed network",
    "To spare",
    "Used",
    "Pessimistic",
    "Relax to",
)


def render_answer(answer: Answer, *, command: str) -> str:
    """Return the whole page; equal answers give equal bytes."""
    candidates, units = candidate_rows(answer), unit_rows(answer)
    charts = answer_charts(answer)
    return render_page(
        "bits.html.j2",
        charts=charts,
        chart_names=[chart.name for chart in charts],
        question=answer.question,
        chip=answer.formats.chip,
        n_units=len(units),
        measured=answer.rates is not None,
        verdict=verdict(answer),
        budget_heads=BUDGET_HEADS,
        budgets=budget_lines(budget_rows(answer)),
        candidate_heads=_heads(candidates),
        candidates=_lines(candidates),
        unit_heads=_heads(units),
        units=_lines(units),
        supports=tuple(Line((each.name, each.support, each.why)) for each in answer.formats.supports),
        gains=gains(answer),
        notes=notes(answer),
        command=command,
    )


def budget_lines(rows: Sequence[BudgetRow]) -> tuple[Line, ...]:
    """Return the budgets in readable units."""

    def line(row: BudgetRow) -> Line:
        def amount(value: float) -> str:
            return shown_amount(row.budget, value)

        spare = amount(row.margin) if row.margin >= 0 else f"{amount(-row.margin)} over"
        needed = "" if row.needed is None else amount(row.needed)
        return Line(
            (
                row.budget, amount(row.limit), amount(row.summed), amount(row.used), spare,
                percent(row.share), amount(row.pessimistic), needed,
            )
        )  # fmt: skip

    return tuple(line(row) for row in rows)


def notes(answer: Answer) -> tuple[str, ...]:
    """Return what a reader must know before trusting the answer."""
    question = answer.question
    if question.utterance is not None:
        first = (
            f"Costs are of one utterance of {question.utterance.audio_s:g} s and {question.utterance.tokens} "
            "tokens. Which bits the network can do without was not measured."
        )
    else:
        first = (
            "Damage is the divergence from the float network's next token, with one unit quantized, on "
            f"{question.sensitivity_utterances} utterances of {question.calibration}; summed over units, it "
            "leaves out how errors meet."
        )
    return (
        first,
        "Formats are chosen by costs that add up by unit, corrected by what mixed networks take beyond that; "
        "what is reported is the mixed network as it is. Least damage is proven among mixtures that need no "
        "smaller correction than any that was looked at.",
        "Latency and energy are nominal, as limits are compared with them; the pessimistic column is at the "
        "bad end of every assumed and fitted number of the chip at once.",
        "SRAM bytes are the most activations alive at once and the decoder's caches at full length.",
    )


def _heads(rows: Sequence[CandidateRow] | Sequence[UnitRow]) -> tuple[str, ...]:
    heads = (heading(column) for column in table_of(rows).columns)
    return tuple(head[:1].upper() + head[1:] for head in heads)


def _lines(rows: Sequence[CandidateRow] | Sequence[UnitRow]) -> tuple[Line, ...]:
    table = table_of(rows)
    return tuple(
        Line(tuple(shown(column, value) for column, value in zip(table.columns, row, strict=True)))
        for row in table.rows
    )
