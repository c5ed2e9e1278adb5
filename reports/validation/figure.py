"""Predicted over measured latency, both on logarithmic axes, a panel per group of chips."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reports.figures.style import MARKERS, dress, new_figure
from reports.palette import MUTED, series
from simulator.validation.validate import ValidationRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MIXES = ("dense", "depthwise", "attention", "matrix-vector")
PRECISIONS = ("float", "w8a16", "w8a8")
BAND = 1.2
"""Half width of the grey band around perfect agreement."""


def draw_validation(rows: Sequence[ValidationRow]) -> "Figure":
    """Return the figure: the chip files as they ship beside predictions without the row's network."""
    figure = new_figure(4.6)
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    known = [row for row in rows if row.left_out_s is not None]
    _panel(left, rows, [row.predicted_s for row in rows])
    _panel(right, known, [row.left_out_s or row.predicted_s for row in known])
    dress(left, title="chip files as they ship", x="measured, ms", y="predicted, ms")
    dress(right, title="without the row's own network", x="measured, ms")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=6, frameon=False, fontsize=7.5)
    return figure


def _panel(panel: "Axes", rows: Sequence[ValidationRow], predicted_s: Sequence[float]) -> None:
    panel.set_xscale("log")
    panel.set_yscale("log")
    times = [row.measured_s * 1e3 for row in rows]
    ends = [min(times, default=1.0) / 2, max(times, default=1.0) * 2]
    panel.fill_between(
        ends, [end / BAND for end in ends], [end * BAND for end in ends],
        color=MUTED.light, alpha=0.15, linewidth=0,
    )  # fmt: skip
    panel.plot(ends, ends, color=MUTED.light, linewidth=0.8)
    for mix_idx, mix in enumerate(MIXES):
        for precision_idx, precision in enumerate(PRECISIONS):
            mine = [idx for idx, row in enumerate(rows) if row.mix == mix and row.precision == precision]
            if not mine:
                continue
            panel.scatter(
                [times[idx] for idx in mine],
                [predicted_s[idx] * 1e3 for idx in mine],
                s=12,
                marker=MARKERS[precision_idx],
                color=series(mix_idx).light,
                alpha=0.65,
                linewidths=0,
                label=f"{mix}, {precision}",
            )
