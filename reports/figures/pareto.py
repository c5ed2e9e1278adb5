"""Word error rate against latency, a panel per chip."""

from typing import TYPE_CHECKING

from reports.data import StudyData
from reports.figures.style import MARKERS, chips_with_estimates, dress, literal, new_figure
from reports.index import Costed, contending, main_corpus, models
from reports.palette import INK, series
from reports.pareto import pareto_front, spaced
from reports.units import log_ticks, tick

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WER_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)
PANEL_HEIGHT_INCH = 4.2

CLEAR_DECADES = 0.09
"""How far apart labels of the front are, at least."""


def draw_pareto(study: StudyData) -> "Figure":
    """Return the figure; what was not measured does not appear in it."""
    chips = chips_with_estimates(study)
    measured_models = [
        name for name in models(study) if any(c.model == name and c.accuracy for c in study.cells)
    ]
    figure = new_figure(PANEL_HEIGHT_INCH)
    panels = figure.subplots(1, len(chips), squeeze=False, sharey=True)[0]
    for panel, chip in zip(panels, chips, strict=True):
        rows = [row for row in contending(study, chip) if row.wer is not None]
        _panel(panel, rows, models(study))
        dress(panel, title=chip, x="latency per utterance")
    corpus = main_corpus(study)
    panels[0].set_ylabel(f"word error rate, %{f' ({literal(corpus)})' if corpus else ''}", fontsize=8.5)
    handles = [
        panels[0].plot(
            [], [], MARKERS[idx % len(MARKERS)], color=series(idx).light, label=literal(name), linestyle=""
        )[0]
        for idx, name in enumerate(models(study))
        if name in measured_models
    ]
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False, fontsize=8.5)
    return figure


def _panel(panel: "Axes", rows: list[Costed], names: tuple[str, ...]) -> None:
    if not rows:
        panel.text(0.5, 0.5, "not measured", ha="center", va="center", transform=panel.transAxes, fontsize=9)
        return
    for row in rows:
        idx = names.index(row.cell.model)
        _mark(panel, row, MARKERS[idx % len(MARKERS)], series(idx).light)
    candidates = [row for row in rows if row.estimate.fits] or rows
    front = [
        candidates[idx] for idx in pareto_front(_latencies(candidates), [_percent(r) for r in candidates])
    ]
    panel.step(
        _latencies(front),
        [_percent(row) for row in front],
        where="post",
        color=INK.light,
        linewidth=0.8,
        linestyle=":",
    )
    panel.set_xscale("log")
    panel.set_yscale("log")
    for idx in spaced(_latencies(front), [_percent(row) for row in front], decades=CLEAR_DECADES):
        panel.annotate(
            literal(front[idx].cell.recipe),
            (_latencies(front)[idx], _percent(front[idx])),
            xytext=(-5, -5),
            textcoords="offset points",
            ha="right",
            va="top",
            fontsize=7,
            color=INK.light,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.6},
        )
    panel.margins(x=0.18, y=0.1)
    panel.set_yticks(WER_TICKS, [f"{value:g}" for value in WER_TICKS])
    low, high = panel.get_xlim()
    ticks = [value for value in log_ticks(low, high) if low <= value <= high]
    panel.set_xticks(ticks, [tick(value, "s") for value in ticks])
    panel.minorticks_off()


def _mark(panel: "Axes", row: Costed, marker: str, colour: str) -> None:
    latency, accuracy = row.estimate.latency_s, row.cell.accuracy
    if accuracy is None:
        return
    wer = accuracy.wer
    panel.errorbar(
        latency.nominal,
        _percent(row),
        xerr=[[latency.nominal - latency.low], [latency.high - latency.nominal]],
        yerr=[[(wer.nominal - wer.low) * 100], [(wer.high - wer.nominal) * 100]],
        marker=marker,
        markersize=6,
        color=colour,
        markerfacecolor=colour if row.estimate.fits else "white",
        elinewidth=0.7,
        capsize=1.5,
        linestyle="",
    )


def _latencies(rows: list[Costed]) -> list[float]:
    return [row.estimate.latency_s.nominal for row in rows]


def _percent(row: Costed) -> float:
    """Return the rate in percent, at least half a word's worth: a logarithmic axis has no zero."""
    n_words = row.cell.accuracy.n_words if row.cell.accuracy else 1
    return max(row.wer or 0.0, 0.5 / max(n_words, 1)) * 100
