"""Mixed against uniform as a picture: a row per comparison, how much the error rates differ."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reports.bits.comparison import Comparison, Heard, Pair, Verdict
from reports.figures.style import MARKERS, dress, new_figure
from reports.palette import GREEN, INK, MUTED, VERMILION
from reports.units import size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW_INCH = 0.19
HEAD_INCH = 0.75
SEVERAL = "both chips"

LINEAR_POINTS = 3.0
"""Differences up to here are drawn to scale, larger ones by their logarithm."""
TICKS_POINTS = (-30, -10, -3, -2, -1, 0, 1, 2, 3)

_COLOURS = {Verdict.BETTER: GREEN.light, Verdict.WORSE: VERMILION.light}
"""Differences within noise are grey."""


def draw_comparisons(comparisons: Sequence[Comparison]) -> "Figure":
    """Return a row of panels per model, one per corpus."""
    rows = [distinct(comparison.pairs) for comparison in comparisons]
    heights = [HEAD_INCH + ROW_INCH * len(each) for each in rows]
    n_corpora = max((len(pair.heard) for each in rows for pair, _ in each), default=1)
    figure = new_figure(sum(heights))
    grid = figure.subplots(len(rows), n_corpora, squeeze=False, height_ratios=heights)
    for panels, comparison, each in zip(grid, comparisons, rows, strict=True):
        for index, panel in enumerate(panels):
            _differences(panel, comparison.model, each, index)
    return figure


def distinct(pairs: Sequence[Pair]) -> list[tuple[Pair, str]]:
    """Return each mixture and uniform network once, largest first, and the chips that lead to the pair."""
    chips: dict[tuple[str, str], list[str]] = {}
    first: dict[tuple[str, str], Pair] = {}
    for pair in pairs:
        key = pair.network, pair.mixed
        first.setdefault(key, pair)
        chips.setdefault(key, []).append(pair.chip)
    found = [
        (pair, chips[key][0] if len(chips[key]) == 1 else SEVERAL) for key, pair in first.items()
    ]  # fmt: skip
    return sorted(found, key=lambda each: (-each[0].uniform_used[0], each[0].uniform, each[0].method))


def _differences(panel: "Axes", model: str, rows: Sequence[tuple[Pair, str]], index: int) -> None:
    heard = [pair.heard[index] for pair, _ in rows]
    for place, each in enumerate(heard):
        _mark(panel, place, each)
    panel.axvline(0.0, color=INK.light, linewidth=0.8)
    panel.set_xscale("symlog", linthresh=LINEAR_POINTS, linscale=1.5)
    panel.set_xticks(TICKS_POINTS, [f"{tick:+d}" if tick else "0" for tick in TICKS_POINTS])
    panel.set_yticks(range(len(rows)))
    labels = [
        f"{pair.network}, {size(pair.uniform_used[0])}, {chip}" for pair, chip in rows
    ]  # fmt: skip
    panel.set_yticklabels(labels if index == 0 else [])
    panel.invert_yaxis()
    corpus = corpus_name(heard[0].corpus) if heard else ""
    dress(panel, title=f"{model}, {corpus}", x="WER, mixed minus uniform, points")
    panel.tick_params(axis="y", labelsize=7)


def _mark(panel: "Axes", place: int, heard: Heard) -> None:
    difference = heard.mixed.wer_difference
    if difference is None:
        return
    middle = 100 * difference.nominal
    panel.errorbar(
        middle,
        place,
        xerr=[[middle - 100 * difference.low], [100 * difference.high - middle]],
        fmt=MARKERS[0],
        markersize=3.5,
        elinewidth=0.9,
        color=_COLOURS.get(heard.verdict, MUTED.light),
    )


def corpus_name(name: str) -> str:
    """Return a corpus's name; of a folder, the part that names no machine."""
    return "/".join(name.removeprefix("audiofolder:").split("/")[-2:]).replace("$AN4_DIR", "AN4")
