"""Bottlenecks of one estimate: time by layer and term, and a tornado of what the chip's numbers do."""

from typing import TYPE_CHECKING

from hwmodels.units import unit_symbol
from reports.bottleneck import FURTHEST, BottleneckRow
from reports.bottlenecks import spoken_kind
from reports.figures.stacked_bars import stack_bars
from reports.figures.style import dress, literal, new_figure
from reports.palette import BLUE, INK, MUTED, VERMILION
from reports.units import axis_unit, quantity
from simulator.sensitivity import Sensitivity

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ROWS = 14
ROW_HEIGHT_INCH = 0.24


def draw_bottleneck(
    rows: tuple[BottleneckRow, ...], tornado: tuple[Sensitivity, ...], *, title: str, latency_s: float
) -> "Figure":
    """Return two panels: the slowest layers, and the numbers of the chip that move the latency most.

    `latency_s` is the utterance's latency, the line around which the tornado's bars stand.
    """
    shown = rows[:MOST_ROWS]
    largest = sorted(tornado, key=lambda row: -row.latency_swing_s)
    moving = [row for row in largest if row.latency_swing_s > 1e-4 * latency_s][:MOST_ROWS]
    figure = new_figure(1.7 + ROW_HEIGHT_INCH * (len(shown) + max(len(moving), 1)))
    figure.suptitle(literal(title), fontsize=10, x=0.01, ha="left", fontweight="bold")
    panels = figure.subplots(2, 1, height_ratios=[max(len(shown), 1), max(len(moving), 1)])
    _layers(panels[0], shown)
    _tornado(panels[1], moving, latency_s)
    return figure


def _layers(panel: "Axes", rows: tuple[BottleneckRow, ...]) -> None:
    layers = [row.layer for row in rows]
    scale, unit = axis_unit(max((row.latency_s for row in layers), default=0.0), "s")
    stack_bars(panel, [row.latency_terms_s for row in layers], scale=scale)
    labels = [f"{row.layer} {spoken_kind(row.kind)} ({row.phase})" for row in layers]
    panel.set_yticks(range(len(rows)), [literal(label) for label in labels], fontsize=7.5)
    panel.invert_yaxis()
    panel.grid(visible=False, axis="y")
    dress(panel, title="The slowest layers, by what their time goes to", x=f"{unit} per utterance")
    panel.legend(fontsize=7.5, frameon=False, loc="lower right")


def _tornado(panel: "Axes", rows: list[Sensitivity], latency_s: float) -> None:
    scale, unit = axis_unit(latency_s, "s")
    for position, row in enumerate(rows):
        for result_s, colour in ((row.latency_halved_s, VERMILION), (row.latency_doubled_s, BLUE)):
            width = 0.0 if result_s is None else (result_s - latency_s) * scale
            panel.barh(position, width, left=latency_s * scale, height=0.7, color=colour.light)
    panel.set_xlim(right=min(panel.get_xlim()[1], FURTHEST * latency_s * scale))
    panel.axvline(latency_s * scale, color=INK.light, linewidth=0.8)
    labels = [f"{row.parameter} = {quantity(row.value, unit_symbol(row.parameter))}" for row in rows]
    panel.set_yticks(range(len(rows)), [literal(label) for label in labels], fontsize=7.5)
    panel.invert_yaxis()
    panel.grid(visible=False, axis="y")
    dress(
        panel,
        title="Latency with one number of the chip, or some bits, halved or doubled",
        x=f"{unit} per utterance",
    )
    for colour, label in ((VERMILION, "halved"), (BLUE, "doubled")):
        panel.plot([], [], color=colour.light, linewidth=5, label=label)
    panel.legend(fontsize=7.5, frameon=False, loc="lower right", labelcolor=MUTED.light)
