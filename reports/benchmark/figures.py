"""The benchmark's figures: one column of panels, so that they are legible on a phone as on a desk."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.benchmark.grid import Grid, grids
from reports.benchmark.marks import MARK_SPREAD, axis_percent, method_marks
from reports.data import CellRow
from reports.figures.style import DOTS_PER_INCH, dress, literal
from reports.index import unique
from reports.palette import INK, MUTED, RULE, series
from reports.units import axis_unit, count, size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_INCH = 5.6
"""At 400 pixels a point of type is a pixel high."""

PANEL_HEIGHT_INCH = 2.9
LEGEND_ROW_INCH = 0.2
LEGEND_COLUMNS = 3
WER_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)


@dataclass(frozen=True, slots=True)
class Cost:
    """A chip-independent cost per utterance that error rates are drawn against."""

    name: str
    of: Callable[[CellRow], float]
    """In bytes or BOPs."""
    axis: Callable[[float], tuple[float, str]]
    """From the largest value: what to multiply by, and the label that makes."""


def _bops_axis(largest: float) -> tuple[float, str]:
    scale, prefix = axis_unit(largest, "")
    return scale, f"{prefix} BOPs per utterance"


COSTS = (
    Cost("memory I/O", lambda cell: cell.memory_io_bytes, lambda _: (2.0**-20, "MiB per utterance")),
    Cost("BOPs", lambda cell: cell.bops, _bops_axis),
)


def draw_figures(cells: tuple[CellRow, ...]) -> Iterator[tuple[str, "Figure"]]:
    """Yield every figure with the stem of its file."""
    for model in unique(cell.model for cell in cells if cell.method):
        mine = tuple(grid for grid in grids(cells) if grid.model == model)
        if mine:
            (methods, _), (tradeoff, _) = figure_titles(cells, model)
            yield methods, _draw_methods(mine)
            yield tradeoff, _draw_tradeoff(mine[0])


def figure_titles(cells: tuple[CellRow, ...], model: str) -> tuple[tuple[str, str], ...]:
    """Return the stem and the title of a model's figures; none where nothing was measured."""
    if not any(grid.model == model for grid in grids(cells)):
        return ()
    safe = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in model)
    return (
        (f"methods-{safe}", f"Word error rate of {model} by formats and method"),
        (f"tradeoff-{safe}", f"Word error rate of {model} against memory I/O and BOPs"),
    )


def _draw_methods(mine: tuple[Grid, ...]) -> "Figure":
    """Return a panel per corpus: formats across, their methods side by side, error rates upward."""
    n_rows = -(-(len(mine[0].methods) + 1) // LEGEND_COLUMNS)
    figure = _new_figure(len(mine), n_rows)
    panels = figure.subplots(len(mine), 1, squeeze=False)[:, 0]
    for panel, grid in zip(panels, mine, strict=True):
        _methods_panel(panel, grid)
        dress(panel, title=f"{grid.model} on {grid.corpus}", x="", y="word error rate, %")
        panel.tick_params(axis="x", labelsize=7.5)
        panel.grid(visible=False, axis="x")
    _legend(figure, panels[0])
    return figure


def _methods_panel(panel: "Axes", grid: Grid) -> None:
    marks = method_marks(grid.methods)
    if grid.reference and grid.reference.accuracy:
        rates = grid.reference.accuracy.wer
        n_words = grid.reference.accuracy.n_words
        low, nominal, high = (axis_percent(rate, n_words) for rate in (rates.low, rates.nominal, rates.high))
        panel.axhspan(low, high, color=RULE.light, alpha=0.5, linewidth=0)
        panel.axhline(nominal, color=MUTED.light, linewidth=1, label="float, 95 % interval")
    for idx, method in enumerate(grid.methods):
        shift = MARK_SPREAD * ((idx + 0.5) / len(grid.methods) - 0.5)
        found = [(x, cell) for x, name in enumerate(grid.formats) if (cell := grid.cell(method, name))]
        rated = [(x + shift, cell.accuracy) for x, cell in found if cell.accuracy]
        if not rated:
            continue
        nominal_y = [axis_percent(accuracy.wer.nominal, accuracy.n_words) for _, accuracy in rated]
        low_y = [axis_percent(accuracy.wer.low, accuracy.n_words) for _, accuracy in rated]
        high_y = [axis_percent(accuracy.wer.high, accuracy.n_words) for _, accuracy in rated]
        panel.errorbar(
            [x for x, _ in rated],
            nominal_y,
            yerr=[
                [value - low for value, low in zip(nominal_y, low_y, strict=True)],
                [high - value for value, high in zip(nominal_y, high_y, strict=True)],
            ],
            color=marks[method].colour.light,
            marker=marks[method].matplotlib,
            markersize=3.6,
            linestyle="",
            elinewidth=0.8,
            label=literal(method),
        )
    labels = _formats_labels(grid)
    panel.set_xticks(range(len(labels)), labels)
    panel.set_xlim(-0.5, len(labels) - 0.5)
    for x in range(1, len(labels)):
        panel.axvline(x - 0.5, color=RULE.light, linewidth=0.6)
    _log_wer(panel)


def _formats_labels(grid: Grid) -> list[str]:
    """Return each formats' name over what they cost with the first method that there is."""
    names = [name.split("-", 1) for name in grid.formats]
    n_lines = max(len(name) for name in names)
    labels = []
    for formats, name in zip(grid.formats, names, strict=True):
        cell = next(cell for cell in grid.cells if cell.formats == formats)
        lines = (*name, *[""] * (n_lines - len(name)), size(cell.memory_io_bytes), count(cell.bops))
        labels.append(literal("\n".join(lines)))
    return labels


def _draw_tradeoff(grid: Grid) -> "Figure":
    """Return a panel per cost: from the first method, which others are compared to, to the best one."""
    figure = _new_figure(len(COSTS), -(-(len(grid.formats) + 2) // LEGEND_COLUMNS))
    panels = figure.subplots(len(COSTS), 1, squeeze=False)[:, 0]
    for panel, cost in zip(panels, COSTS, strict=True):
        label = _tradeoff_panel(panel, grid, cost)
        title = f"{grid.model} on {grid.corpus}, against {cost.name}"
        dress(panel, title=title, x=label, y="word error rate, %")
    _legend(figure, panels[0])
    return figure


def _tradeoff_panel(panel: "Axes", grid: Grid, cost: Cost) -> str:
    """Draw one panel and return the label of its horizontal axis."""
    plain = [grid.reference] if grid.reference else []
    scale, label = cost.axis(max(cost.of(cell) for cell in (*grid.cells, *plain)))
    if plain:
        panel.plot(*_point(plain[0], cost, scale), "*", color=MUTED.light, markersize=9, label="float")
    panel.plot([], [], "o", color=INK.light, markerfacecolor="white", label=literal(grid.methods[0]))
    for idx, formats in enumerate(grid.formats):
        best, first = grid.best(formats), grid.cell(grid.methods[0], formats)
        if best is None:
            continue
        colour, end = series(idx).light, _point(best, cost, scale)
        if first is not None and first.accuracy:
            start = _point(first, cost, scale)
            panel.plot((start[0], end[0]), (start[1], end[1]), color=colour, linewidth=1)
            panel.plot(*start, "o", color=colour, markerfacecolor="white")
        panel.plot(*end, "o", color=colour, label=literal(f"{formats}: {best.method}"))
    _log_wer(panel)
    return label


def _point(cell: CellRow, cost: Cost, scale: float) -> tuple[float, float]:
    rate, n_words = (cell.accuracy.wer.nominal, cell.accuracy.n_words) if cell.accuracy else (0.0, 1)
    return cost.of(cell) * scale, axis_percent(rate, n_words)


def _log_wer(panel: "Axes") -> None:
    panel.set_yscale("log")
    low, high = panel.get_ylim()
    ticks = [value for value in WER_TICKS if low <= value <= high]
    panel.set_yticks(ticks, [f"{value:g}" for value in ticks])
    panel.minorticks_off()


def _new_figure(n_panels: int, n_legend_rows: int) -> "Figure":
    from matplotlib.figure import Figure

    height = PANEL_HEIGHT_INCH * n_panels + LEGEND_ROW_INCH * n_legend_rows
    return Figure(
        figsize=(WIDTH_INCH, height), dpi=DOTS_PER_INCH * 1.5, facecolor="white", layout="constrained"
    )


def _legend(figure: "Figure", panel: "Axes") -> None:
    handles, labels = panel.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower center", ncols=LEGEND_COLUMNS, frameon=False, fontsize=8.5
    )
