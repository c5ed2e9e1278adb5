"""The report's rows as text: what templates print, every quantity rendered, nothing left to compute."""

from dataclasses import dataclass

from reports.bottlenecks import bottlenecks, spoken_kind
from reports.charts.pareto import SYMBOLS
from reports.data import CellRow, EstimateRow, ProvenanceRow, Range, StudyData
from reports.index import chip_names, combination, contenders, layers_by_combination, models
from reports.palette import SERIES
from reports.provenance import worst_first
from reports.units import (
    MISSING,
    count,
    joules,
    percent,
    points,
    quantity,
    seconds,
    significant,
    size,
    spread,
)

MOST_BOTTLENECKS = 8

_GLYPHS = {
    "circle": "\N{BLACK CIRCLE}",
    "square": "\N{BLACK SQUARE}",
    "diamond": "\N{BLACK DIAMOND}",
    "triangle-up": "\N{BLACK UP-POINTING TRIANGLE}",
    "triangle-down": "\N{BLACK DOWN-POINTING TRIANGLE}",
    "pentagon": "\N{BLACK PENTAGON}",
    "star": "\N{BLACK STAR}",
}


@dataclass(frozen=True, slots=True)
class Value:
    """A rendered quantity and the smaller line under it: its interval, or what is wrong with it."""

    text: str
    below: str = ""
    warns: bool = False


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """One model and recipe: its own figures, then one latency and one energy per chip."""

    model: str
    recipe: str
    cells: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a plain table."""

    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyedTable:
    """The lines shown for one combination of model, recipe and chip."""

    key: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """How a model is marked in the Pareto charts."""

    model: str
    glyph: str
    series: int


def summary_lines(study: StudyData) -> tuple[SummaryLine, ...]:
    """Return one line per model and recipe that contends."""
    estimates = {(row.model, row.recipe, row.chip): row for row in study.estimates}
    chips = chip_names(study)
    return tuple(
        SummaryLine(
            cell.model,
            cell.recipe,
            (
                *_cell_values(cell),
                *(
                    value
                    for chip in chips
                    for value in _estimate_values(
                        estimates.get((cell.model, cell.costed_as or cell.recipe, chip))
                    )
                ),
            ),
        )
        for cell in contenders(study)
    )


def accuracy_lines(study: StudyData) -> tuple[Line, ...]:
    """Return one line per measured cell, over all corpora."""
    return tuple(
        Line(
            (
                cell.model,
                cell.recipe,
                cell.corpus,
                percent(cell.accuracy.wer.nominal),
                _interval(cell.accuracy.wer),
                _difference(cell.accuracy.wer_difference),
                percent(cell.accuracy.cer),
                f"{cell.accuracy.insertions_on_silence} in {cell.accuracy.n_silent}",
                f"{cell.accuracy.n_utterances}",
                f"{cell.accuracy.n_words}",
                f"{significant(cell.accuracy.rtfx)}",
            )
        )
        for cell in study.cells
        if cell.accuracy is not None
    )


def cost_lines(study: StudyData) -> tuple[Line, ...]:
    """Return the chip-independent counts, one line per model and recipe."""
    return tuple(
        Line(
            (
                cell.model,
                cell.recipe,
                count(cell.parameters),
                size(cell.packed_bytes),
                count(cell.macs),
                count(cell.bops),
                count(cell.bops_accumulator),
                size(cell.memory_io_bytes),
            )
        )
        for cell in contenders(study)
    )


def misfit_lines(study: StudyData) -> tuple[Line, ...]:
    """Return what does not fit: one line per chip, model and memory level that is exceeded."""
    chips = chip_names(study)
    groups: dict[tuple[str, str, str], list[EstimateRow]] = {}
    for row in study.estimates:
        if not row.fits:
            groups.setdefault((row.chip, row.model, row.excess_level), []).append(row)
    return tuple(
        Line((*names, ", ".join(f"{row.recipe} by {size(row.excess_bytes)}" for row in rows)))
        for names, rows in sorted(groups.items(), key=lambda item: chips.index(item[0][0]))
    )


def estimate_lines(study: StudyData) -> tuple[Line, ...]:
    """Return latency and energy with intervals and percentiles, one line per estimate."""
    return tuple(
        Line(
            (
                row.model,
                row.recipe,
                row.chip,
                seconds(row.latency_s.nominal),
                spread(seconds(row.latency_s.low), seconds(row.latency_s.high)),
                seconds(row.latency_p50_s),
                seconds(row.latency_p90_s),
                "" if row.rtf is None else significant(row.rtf),
                joules(row.energy_j.nominal),
                spread(joules(row.energy_j.low), joules(row.energy_j.high)),
                size(row.peak_activation_bytes),
                "yes" if row.fits else f"{size(row.excess_bytes)} over in {row.excess_level}",
                row.worst_kind,
            )
        )
        for row in study.estimates
    )


def bottleneck_tables(study: StudyData) -> tuple[KeyedTable, ...]:
    """Return the slowest layers of every estimate with the reason in words."""
    return tuple(
        KeyedTable(
            key,
            tuple(
                Line(
                    (
                        found.layer.layer or found.layer.phase,
                        spoken_kind(found.layer.kind),
                        found.layer.phase,
                        seconds(found.layer.latency_s),
                        percent(found.share),
                        found.reason,
                    )
                )
                for found in bottlenecks(rows, most=MOST_BOTTLENECKS)
            ),
        )
        for key, rows in layers_by_combination(study).items()
    )


def provenance_lines(rows: tuple[ProvenanceRow, ...]) -> tuple[Line, ...]:
    """Return a chip's numbers and where they come from, least trustworthy first."""
    return tuple(
        Line(
            (
                row.kind,
                row.key,
                quantity(row.value, row.unit),
                ""
                if row.low == row.high
                else spread(quantity(row.low, row.unit), quantity(row.high, row.unit)),
                row.source,
            )
        )
        for row in worst_first(rows)
    )


def legend(study: StudyData) -> tuple[LegendEntry, ...]:
    """Return how the Pareto charts mark each model."""
    return tuple(
        LegendEntry(model, _GLYPHS[SYMBOLS[idx % len(SYMBOLS)]], idx % len(SERIES))
        for idx, model in enumerate(models(study))
    )


def combinations(study: StudyData) -> tuple[str, ...]:
    """Return the keys of all estimates in the study's order; without chips, those of the models."""
    if not study.chips:
        return tuple(combination(model, "", chip="") for model in models(study))
    return tuple(combination(row.model, row.recipe, chip=row.chip) for row in study.estimates)


def _cell_values(cell: CellRow) -> tuple[Value, Value, Value]:
    accuracy = cell.accuracy
    if accuracy is None:
        return Value(MISSING), Value(""), Value(size(cell.packed_bytes))
    difference = accuracy.wer_difference
    return (
        Value(percent(accuracy.wer.nominal), _interval(accuracy.wer)),
        Value(points(difference.nominal), f"{points(difference.low)} to {points(difference.high)}")
        if difference
        else Value(""),
        Value(size(cell.packed_bytes)),
    )


def _estimate_values(row: EstimateRow | None) -> tuple[Value, Value]:
    if row is None:
        return Value("not estimated"), Value("")
    energy = Value(
        joules(row.energy_j.nominal),
        spread(joules(row.energy_j.low), joules(row.energy_j.high)),
        not row.fits,
    )
    if not row.fits:
        return Value(seconds(row.latency_s.nominal), f"{size(row.excess_bytes)} over", warns=True), energy
    interval = spread(seconds(row.latency_s.low), seconds(row.latency_s.high))
    return Value(seconds(row.latency_s.nominal), interval), energy


def _interval(value: Range) -> str:
    return spread(percent(value.low), percent(value.high))


def _difference(value: Range | None) -> str:
    return f"{points(value.nominal)} [{points(value.low)}, {points(value.high)}]" if value else ""
