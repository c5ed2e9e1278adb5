"""A benchmark as tables of text: error rates and times by method and formats, costs by formats."""

from dataclasses import dataclass

from reports.benchmark.grid import Grid, grids, wer
from reports.data import FLOAT_RECIPE, Accuracy, CellRow
from reports.index import unique
from reports.units import count, percent, points, ratio, seconds, size, spread

NOTHING = "\N{EN DASH}"
"""What stands for a combination that was left out or failed."""

CERTAIN = "\N{DAGGER}"
"""Marks a difference to float whose paired 95 % interval leaves out zero."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A cell of a table: lines under each other, and whether it is the best of its column."""

    lines: tuple[str, ...]
    best: bool = False


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table ready to be printed; the first `n_labels` columns name the row."""

    heads: tuple[str, ...]
    rows: tuple[tuple[Entry, ...], ...]
    n_labels: int = 1


@dataclass(frozen=True, slots=True)
class ModelTables:
    """All tables of one model; `errors` has one per corpus, under the corpus's name.

    `times` is None for a model that was only costed.
    """

    model: str
    errors: tuple[tuple[str, TextTable], ...]
    costs: TextTable
    times: TextTable | None


def model_tables(cells: tuple[CellRow, ...]) -> tuple[ModelTables, ...]:
    """Return the tables of every model of a grid, in the study's order."""
    found = grids(cells)
    return tuple(
        ModelTables(
            model,
            tuple((grid.corpus, error_table(grid)) for grid in found if grid.model == model),
            cost_table(cells, model),
            time_table(cells, model),
        )
        for model in unique(cell.model for cell in cells if cell.method)
    )


def error_table(grid: Grid) -> TextTable:
    """Return error rates with interval and difference to float: float first, then a row per method."""
    reference = grid.reference
    lowest = {formats: wer(best) for formats in grid.formats if (best := grid.best(formats))}
    rows = [
        tuple(_error(grid.cell(method, formats), lowest.get(formats)) for formats in grid.formats)
        for method in grid.methods
    ]
    head = [(_entry(FLOAT_RECIPE), *(_error(reference) for _ in grid.formats))] if reference else []
    named = [(_entry(method), *row) for method, row in zip(grid.methods, rows, strict=True)]
    return TextTable(("Method", *grid.formats), (*head, *named))


def cost_table(cells: tuple[CellRow, ...], model: str) -> TextTable:
    """Return what a model costs before any chip: float first, then its formats.

    Methods that cost the same share a row.
    """
    mine = [cell for cell in cells if cell.model == model]
    reference = next((cell for cell in mine if cell.recipe == FLOAT_RECIPE), None)
    groups: dict[tuple[str, tuple[float, ...]], list[str]] = {}
    for cell in mine:
        if cell.method:
            methods = groups.setdefault((cell.formats, _costs(cell)), [])
            methods += [] if cell.method in methods else [cell.method]
    whole = _costs(reference) if reference else None
    rows = [(_entry(FLOAT_RECIPE), _entry(""), *_cost_entries(whole, None))] if whole else []
    for (formats, costs), methods in groups.items():
        others = [of for (name, _), of in groups.items() if name == formats and of is not methods]
        rows.append((_entry(formats), _entry(_which(methods, others)), *_cost_entries(costs, whole)))
    heads = ("Formats", "Methods", "Packed weights", "Memory I/O", "BOPs", "BOPs with accumulator")
    return TextTable(heads, tuple(rows), n_labels=2)


def _which(methods: list[str], others: list[list[str]]) -> str:
    """Name the methods of a group, or say that they are all, or all but the few of other groups."""
    if not others:
        return "all"
    if len(methods) > sum(map(len, others)):
        return f"all but {', '.join(name for group in others for name in group)}"
    return ", ".join(methods)


def time_table(cells: tuple[CellRow, ...], model: str) -> TextTable | None:
    """Return the time on the host that quantizing a model took, a row per method; None if none was."""
    mine = [cell for cell in cells if cell.model == model and cell.method]
    if all(cell.quantization_s is None for cell in mine):
        return None
    formats = unique(cell.formats for cell in mine)
    times = {(cell.method, cell.formats): cell.quantization_s for cell in mine}
    return TextTable(
        ("Method", *formats),
        tuple(
            (_entry(method), *(_time(times.get((method, name))) for name in formats))
            for method in unique(cell.method for cell in mine)
        ),
    )


def _error(cell: CellRow | None, lowest: float | None = None) -> Entry:
    if cell is None or cell.accuracy is None:
        return _entry(NOTHING)
    rates = cell.accuracy.wer
    interval = spread(percent(rates.low), percent(rates.high))
    return Entry((percent(rates.nominal), interval, *_difference(cell.accuracy)), rates.nominal == lowest)


def _difference(accuracy: Accuracy) -> tuple[str, ...]:
    change = accuracy.wer_difference
    if change is None:
        return ()
    return (f"{points(change.nominal)}{'' if change.includes_zero else CERTAIN}",)


def _costs(cell: CellRow) -> tuple[float, ...]:
    return (cell.packed_bytes, cell.memory_io_bytes, cell.bops, cell.bops_accumulator)


def _cost_entries(costs: tuple[float, ...], reference: tuple[float, ...] | None) -> tuple[Entry, ...]:
    """Return each cost, and under it its ratio to float's."""
    shares = tuple((ratio(cost / whole),) for cost, whole in zip(costs, reference or (), strict=False))
    return tuple(
        Entry((text(cost), *(shares[idx] if shares else ())))
        for idx, (text, cost) in enumerate(zip((size, size, count, count), costs, strict=True))
    )


def _time(value_s: float | None) -> Entry:
    return _entry(NOTHING if value_s is None else seconds(value_s))


def _entry(text: str) -> Entry:
    return Entry((text,))
