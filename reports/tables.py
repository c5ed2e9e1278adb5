"""The tables of a study, and any rows of a report as a table."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass

from reports.data import Accuracy, CellRow, EstimateRow, Part, Range, StudyData
from reports.index import Costed, chip_names, contenders, contending, costed
from reports.table import Scalar, Table, render

_UNIT_SUFFIXES = ("_bytes", "_s", "_j")


@dataclass(frozen=True, slots=True)
class HeadlineRow:
    """One model and recipe as the study's closing table shows it; `wer` is None where not measured."""

    model: str
    recipe: str
    wer: float | None
    wer_difference: float | None
    packed_bytes: float
    latency_s: tuple[Part, ...]
    """One part per chip."""
    energy_j: tuple[Part, ...]
    fits_on: str | None
    """The chips whose memory it fits: `all`, `none`, their names, or `all but` the names of the rest."""


def headline_rows(study: StudyData) -> tuple[HeadlineRow, ...]:
    """Return one row per model and recipe that contends, in the study's order."""
    on_chips = {
        (row.cell.model, row.cell.recipe, chip): row
        for chip in chip_names(study)
        for row in contending(study, chip)
    }
    rows = []
    for cell in contenders(study):
        found = [
            on_chips[cell.model, cell.recipe, chip].estimate
            for chip in chip_names(study)
            if (cell.model, cell.recipe, chip) in on_chips
        ]
        difference = cell.accuracy.wer_difference if cell.accuracy else None
        rows.append(
            HeadlineRow(
                cell.model,
                cell.recipe,
                cell.accuracy.wer.nominal if cell.accuracy else None,
                difference.nominal if difference else None,
                cell.packed_bytes,
                tuple(Part(row.chip, row.latency_s.nominal) for row in found),
                tuple(Part(row.chip, row.energy_j.nominal) for row in found),
                _fits_on(found),
            )
        )
    return tuple(rows)


def _fits_on(rows: list[EstimateRow]) -> str | None:
    if not rows:
        return None
    fitting = [row.chip for row in rows if row.fits]
    others = [row.chip for row in rows if not row.fits]
    if not others:
        return "all"
    return f"all but {', '.join(others)}" if len(others) < len(fitting) else ", ".join(fitting) or "none"


def summary_table(study: StudyData) -> Table:
    """Return one row per model, recipe and chip; rates are fractions, empty ones were not measured."""
    rows = (row for chip in chip_names(study) for row in costed(study, chip))
    return Table(tuple(_SUMMARY), tuple(tuple(column(row) for column in _SUMMARY.values()) for row in rows))


def cells_csv(study: StudyData) -> str:
    """Return the text of `cells.csv`: one row per model, recipe and corpus, before any chip."""
    rows = tuple(tuple(column(cell) for column in _CELL.values()) for cell in study.cells)
    return render(Table(tuple(_CELL), rows), "csv")


def summary_csv(study: StudyData) -> str:
    """Return the text of `summary.csv`."""
    return render(summary_table(study), "csv")


def table_of(rows: Sequence[object]) -> Table:
    """Return frozen rows as a table with a column per scalar.

    A `Range` named `latency_s` becomes `latency_s`, `latency_low_s` and `latency_high_s`; parts of
    `energy_terms_j` become `energy_mac_j` and so on; other values within a row give their own columns. A
    column that a row lacks is empty there.

    Raises:
        TypeError: if a row is no dataclass.
    """
    records = [dict(_scalars(row)) for row in rows]
    columns = tuple(dict.fromkeys(name for record in records for name in record))
    return Table(columns, tuple(tuple(record.get(name) for name in columns) for record in records))


def _scalars(row: object) -> Iterator[tuple[str, Scalar]]:
    if not is_dataclass(row):
        raise TypeError(f"{type(row).__name__} is no row of a table")
    for field in fields(row):
        yield from _named(field.name, getattr(row, field.name))


def _named(name: str, value: object) -> Iterator[tuple[str, Scalar]]:
    match value:
        case Range():
            yield name, value.nominal
            yield _within(name, "low"), value.low
            yield _within(name, "high"), value.high
        case tuple():
            for part in value:
                if isinstance(part, Part):
                    yield _within(name.replace("_terms", ""), part.name), part.value
        case None | str() | bool() | int() | float():
            yield name, value
        case _:
            yield from _scalars(value)


def _within(name: str, inserted: str) -> str:
    """Return a name with a word put before its unit: `latency_s` and `low` give `latency_low_s`."""
    for suffix in _UNIT_SUFFIXES:
        if name.endswith(suffix):
            return f"{name.removesuffix(suffix)}_{inserted}{suffix}"
    return f"{name}_{inserted}"


def _of_accuracy(value: Callable[[Accuracy], Scalar]) -> Callable[[CellRow], Scalar]:
    return lambda cell: value(cell.accuracy) if cell.accuracy else None


def _of_difference(value: Callable[[Range], Scalar]) -> Callable[[CellRow], Scalar]:
    return _of_accuracy(lambda found: value(found.wer_difference) if found.wer_difference else None)


def _of_cell(value: Callable[[CellRow], Scalar]) -> Callable[[Costed], Scalar]:
    return lambda row: value(row.cell)


_ACCURACY: dict[str, Callable[[CellRow], Scalar]] = {
    "wer": _of_accuracy(lambda found: found.wer.nominal),
    "wer_low": _of_accuracy(lambda found: found.wer.low),
    "wer_high": _of_accuracy(lambda found: found.wer.high),
    "wer_difference": _of_difference(lambda difference: difference.nominal),
    "wer_difference_low": _of_difference(lambda difference: difference.low),
    "wer_difference_high": _of_difference(lambda difference: difference.high),
    "cer": _of_accuracy(lambda found: found.cer),
    "insertions_on_silence": _of_accuracy(lambda found: found.insertions_on_silence),
    "n_utterances": _of_accuracy(lambda found: found.n_utterances),
}
_COUNTS: dict[str, Callable[[CellRow], Scalar]] = {
    "parameters": lambda cell: cell.parameters,
    "packed_bytes": lambda cell: cell.packed_bytes,
    "macs": lambda cell: cell.macs,
    "bops": lambda cell: cell.bops,
    "bops_accumulator": lambda cell: cell.bops_accumulator,
    "memory_io_bytes": lambda cell: cell.memory_io_bytes,
}
_CELL: dict[str, Callable[[CellRow], Scalar]] = {
    "model": lambda cell: cell.model,
    "recipe": lambda cell: cell.recipe,
    "formats": lambda cell: cell.formats or None,
    "method": lambda cell: cell.method or None,
    "corpus": lambda cell: cell.corpus if cell.accuracy else None,
    **_ACCURACY,
    "n_words": _of_accuracy(lambda found: found.n_words),
    **_COUNTS,
    "quantization_s": lambda cell: cell.quantization_s,
    "calibration_utterances": lambda cell: cell.calibration_utterances,
    "calibration_tokens": lambda cell: cell.calibration_tokens,
}
"""The columns of `cells.csv`."""

_SUMMARY: dict[str, Callable[[Costed], Scalar]] = {
    "model": lambda row: row.cell.model,
    "recipe": lambda row: row.cell.recipe,
    "chip": lambda row: row.estimate.chip,
    "corpus": lambda row: row.cell.corpus if row.cell.accuracy else None,
    **{name: _of_cell(value) for name, value in (_ACCURACY | _COUNTS).items()},
    "latency_s": lambda row: row.estimate.latency_s.nominal,
    "latency_low_s": lambda row: row.estimate.latency_s.low,
    "latency_high_s": lambda row: row.estimate.latency_s.high,
    "latency_p50_s": lambda row: row.estimate.latency_p50_s,
    "latency_p90_s": lambda row: row.estimate.latency_p90_s,
    "rtf": lambda row: row.estimate.rtf,
    "energy_j": lambda row: row.estimate.energy_j.nominal,
    "energy_low_j": lambda row: row.estimate.energy_j.low,
    "energy_high_j": lambda row: row.estimate.energy_j.high,
    "peak_activation_bytes": lambda row: row.estimate.peak_activation_bytes,
    "fits": lambda row: row.estimate.fits,
    "excess_bytes": lambda row: row.estimate.excess_bytes,
    "excess_level": lambda row: row.estimate.excess_level or None,
    "worst_kind": lambda row: row.estimate.worst_kind,
}
"""The columns of `summary.csv`."""
