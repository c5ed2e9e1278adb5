"""Latency by phase of every measured model and recipe, a panel per chip."""

from typing import TYPE_CHECKING

from reports.data import PhaseRow, StudyData
from reports.figures.style import chips_with_estimates, dress, literal, new_figure
from reports.index import main_cells, unique
from reports.palette import phase
from reports.units import axis_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW_HEIGHT_INCH = 0.24


def draw_phases(study: StudyData) -> "Figure":
    """Return the figure; models without a measured rate are left out unless nothing was measured."""
    cells = main_cells(study)
    shown = [cell for cell in cells if cell.accuracy] or list(cells)
    bars = unique(f"{cell.model}\n{cell.recipe}" for cell in shown)
    chips = chips_with_estimates(study)
    figure = new_figure(1.2 + ROW_HEIGHT_INCH * len(bars))
    panels = figure.subplots(1, len(chips), squeeze=False, sharey=True)[0]
    for panel, chip in zip(panels, chips, strict=True):
        rows = [row for row in study.phases if row.chip == chip and f"{row.model}\n{row.recipe}" in bars]
        unit = _panel(panel, rows, bars)
        dress(panel, title=chip, x=f"{unit} per utterance")
        panel.grid(visible=False, axis="y")
        panel.margins(y=0.01)
        panel.locator_params(axis="x", nbins=5)
    panels[0].set_yticks(range(len(bars)), [literal(name.replace("\n", "  ")) for name in bars])
    panels[0].invert_yaxis()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False, fontsize=8.5)
    return figure


def _panel(panel: "Axes", rows: list[PhaseRow], bars: tuple[str, ...]) -> str:
    """Draw one chip's bars and return the unit of their lengths."""
    totals = [sum(row.latency_s for row in rows if f"{row.model}\n{row.recipe}" == bar) for bar in bars]
    scale, unit = axis_unit(max(totals), "s")
    left = [0.0] * len(bars)
    for name in unique(row.phase for row in rows):
        found = {f"{row.model}\n{row.recipe}": row.latency_s * scale for row in rows if row.phase == name}
        widths = [found.get(bar, 0.0) for bar in bars]
        panel.barh(
            range(len(bars)), widths, left=left, color=phase(name).light, height=0.68, label=literal(name)
        )
        left = [start + width for start, width in zip(left, widths, strict=True)]
    return unit
