"""The layers of each chip's choice under the chip's roofs, a panel per chip."""

import math
from typing import TYPE_CHECKING

from reports.data import PointRow, StudyData
from reports.figures.style import chips_with_estimates, dress, literal, new_figure
from reports.index import combination, unique
from reports.palette import MUTED, phase
from reports.roofs import intensity_span, roofs
from reports.units import tick
from reports.verdict import verdicts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_roofline(study: StudyData) -> "Figure":
    """Return the figure."""
    chips = chips_with_estimates(study)
    shown = {verdict.chip: verdict.shown or "" for verdict in verdicts(study)}
    figure = new_figure(4.2)
    panels = figure.subplots(1, len(chips), squeeze=False)[0]
    for panel, chip in zip(panels, chips, strict=True):
        choice = shown[chip]
        rows = [row for row in study.points if combination(row.model, row.recipe, chip=row.chip) == choice]
        _panel(panel, study, chip, rows)
        dress(panel, title=chip, x="MAC per byte", y="MAC/s" if panel is panels[0] else "")
        panel.text(
            0.0,
            -0.2,
            literal(" ".join(choice.split("\n")[:2])),
            transform=panel.transAxes,
            fontsize=8,
            color=MUTED.light,
        )
    handles, labels = panels[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False, fontsize=8.5)
    return figure


def _panel(panel: "Axes", study: StudyData, chip: str, rows: list[PointRow]) -> None:
    panel.set_xscale("log")
    panel.set_yscale("log")
    ceilings = tuple(row for row in study.ceilings if row.chip == chip)
    bandwidths = tuple(row for row in study.bandwidths if row.chip == chip)
    low, high = intensity_span([row.intensity_mac_per_byte for row in rows], ceilings, bandwidths=bandwidths)
    for roof in roofs(ceilings, bandwidths, low=low, high=high):
        panel.plot(
            [roof.intensity_low, roof.intensity_high],
            [roof.rate_low, roof.rate_high],
            color=MUTED.light,
            linewidth=1.1 if roof.flat else 0.8,
            linestyle="-" if roof.flat else "--",
        )
        panel.annotate(
            literal(roof.label),
            (roof.intensity_label, roof.rate_label),
            xytext=(0, 2) if roof.flat else (-3, 0),
            textcoords="offset points",
            ha="right",
            va="bottom",
            fontsize=6,
            color=MUTED.light,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.6},
        )
    longest_s = max((row.latency_s for row in rows), default=1.0) or 1.0
    for name in unique(row.phase for row in rows):
        mine = [row for row in rows if row.phase == name]
        panel.scatter(
            [row.intensity_mac_per_byte for row in mine],
            [row.achieved_mac_per_s for row in mine],
            s=[12 + 60 * row.latency_s / longest_s for row in mine],
            color=phase(name).light,
            alpha=0.8,
            linewidths=0,
            label=literal(name),
            zorder=3,
        )
    panel.set_xlim(low, high)
    ticks = [10.0**exponent for exponent in range(3, 15) if _visible(panel, 10.0**exponent)]
    panel.set_yticks(ticks, [tick(value) for value in ticks])
    panel.minorticks_off()


def _visible(panel: "Axes", value: float) -> bool:
    bottom, top = panel.get_ylim()
    return math.log10(bottom) - 0.01 <= math.log10(value) <= math.log10(top) + 0.01
