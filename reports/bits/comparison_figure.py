"""Mixed against uniform as a picture: error rate over size, and over the damage mixtures are chosen by."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reports.bits.comparison import Comparison
from reports.figures.style import MARKERS, dress, new_figure
from reports.palette import ACCENT, INK, MUTED, VERMILION, series

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_comparisons(comparisons: Sequence[Comparison]) -> "Figure":
    """Return a row per model: pairs joined by a line, and measured rates over damage."""
    figure = new_figure(0.6 + 3.3 * len(comparisons))
    grid = figure.subplots(len(comparisons), 2, squeeze=False)
    for row, comparison in zip(grid, comparisons, strict=True):
        _pairs(row[0], comparison)
        _damage(row[1], comparison)
    handles, labels = grid[0][0].get_legend_handles_labels()
    known = dict(zip(labels, handles, strict=True))
    figure.legend(
        list(known.values()), list(known), loc="outside lower center", ncols=4, frameon=False, fontsize=7.5
    )
    return figure


def _pairs(panel: "Axes", comparison: Comparison) -> None:
    _others(panel, comparison)
    # Chips that lead to the same mixture show one pair: the chip is no part of size and rate.
    distinct = {(pair.uniform, pair.mixed): pair for pair in comparison.pairs}
    for index, pair in enumerate(distinct.values()):
        heard = pair.heard[0]
        sizes = [pair.uniform_used[0] * 2**-20, pair.mixed_used[0] * 2**-20]
        rates = [heard.uniform.wer, heard.mixed.wer]
        panel.plot(sizes, [100 * rate.nominal for rate in rates], color=MUTED.light, linewidth=0.7)
        marks = ((INK.light, "uniform, compared"), (VERMILION.light, "mixed, no larger and no slower"))
        for x, rate, (colour, label) in zip(sizes, rates, marks, strict=True):
            panel.errorbar(
                x,
                100 * rate.nominal,
                yerr=[[100 * (rate.nominal - rate.low)], [100 * (rate.high - rate.nominal)]],
                fmt=MARKERS[1 + index % (len(MARKERS) - 1)],
                markersize=5,
                color=colour,
                elinewidth=0.7,
                label=label,
            )
        _name(panel, pair.uniform, sizes[0], 100 * rates[0].nominal)
    corpus = comparison.pairs[0].heard[0].corpus if comparison.pairs else ""
    dress(panel, title=comparison.model, x="packed weights, MiB", y=f"WER on {corpus}, %")
    panel.set_xlim(left=0.0)
    panel.set_ylim(bottom=0.0)
    panel.margins(x=0.15)


def _others(panel: "Axes", comparison: Comparison) -> None:
    """Draw what was measured but not compared, each with its name."""
    for other in comparison.others:
        x, y = other.size_bytes * 2**-20, 100 * other.wer
        panel.scatter(x, y, s=18, facecolors="none", edgecolors=MUTED.light, label="uniform, not compared")
        _name(panel, other.recipe, x, y)


def _name(panel: "Axes", text: str, x: float, y: float) -> None:
    panel.annotate(
        text, (x, y), xytext=(5, 4), textcoords="offset points", fontsize=6, color=MUTED.light
    )  # fmt: skip


def _damage(panel: "Axes", comparison: Comparison) -> None:
    trust = comparison.trust
    if trust is None or not trust.points:
        return
    for index, kind in enumerate(("mixed", "uniform")):
        shown = [point for point in trust.points if point.recipe.startswith("mixed") is (kind == "mixed")]
        panel.scatter(
            [point.damage for point in shown], [100 * point.wer for point in shown],
            s=18, color=ACCENT.light if index == 0 else series(2).light, label=kind, zorder=3,
        )  # fmt: skip
    panel.axhline(100 * trust.float_wer, color=MUTED.light, linewidth=0.7, linestyle=":")
    panel.set_xscale("log")
    panel.set_ylim(bottom=0.0)
    panel.legend(frameon=False, fontsize=7.5)
    said = "" if trust.correlation is None else f"Spearman {trust.correlation.nominal:.2f}"
    dress(panel, title=said, x="summed damage, nats per token", y="measured WER, %")
