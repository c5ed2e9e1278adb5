"""The text of docs/bits.md: mixed against uniform recipes, generated from the comparisons alone."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from reports.atomic import write_text
from reports.bits.comparison import Comparison, Pair
from reports.bits.comparison_figure import draw_comparisons
from reports.figures.style import save_png
from reports.table import Table, markdown, markdown_safe
from reports.units import percent, points, seconds, significant, size

_INTRODUCTION = """\
`edgeasr bits` gives every part of a recogniser (an attention with its projections, a linear layer, a
convolution) a number format of its own, so that the summed damage to the output is least within a budget.
This page asks whether that is worth it. For each uniform recipe it takes the recipe's own size and latency on
a chip as the budget, lets the mixture be chosen within it, quantizes both by the same method, and measures
both. The uniform recipes are the bundled ones, which keep the embedding, the head and convolutions at 8 bit.

The mixture is chosen by sensitivities alone, on calibration data; word error rates have no part in it.
"""

_LEGEND = """\
Under each rate its 95 % bootstrap interval. The difference is mixed minus uniform in points, with the paired
95 % interval over utterances; where that holds 0 the verdict is "within noise".
"""


def write_comparisons(comparisons: Sequence[Comparison], path: Path, *, command: str) -> None:
    """Write the page, and beside it `STEM.png`.

    Raises:
        EdgeAsrError: if a file cannot be written.
    """
    save_png(draw_comparisons(comparisons), path.with_suffix(".png"))
    write_text(path, render_comparisons(comparisons, figure=f"{path.stem}.png", command=command))


def render_comparisons(comparisons: Sequence[Comparison], *, figure: str, command: str) -> str:
    """Return the text of the page."""
    parts = [
        "# Bit-widths for a budget: mixed against uniform\n",
        _INTRODUCTION,
        f"![Word error rate over size and over damage]({figure})\n",
        _summary(comparisons),
        *(_model(comparison) for comparison in comparisons),
        f"## To get this again\n\n`{command}`. Finished measurements are kept in the run folders.\n",
    ]
    return "\n".join(parts)


def _summary(comparisons: Sequence[Comparison]) -> str:
    pairs = [pair for comparison in comparisons for pair in comparison.pairs]
    # Chips that lead to the same mixture share its measurement: it counts once.
    heard = {
        (pair.model, pair.uniform, pair.mixed, heard.corpus): heard.verdict
        for pair in pairs
        for heard in pair.heard
    }
    count = Counter(heard.values())
    compared = ", ".join(dict.fromkeys(pair.uniform for pair in pairs))
    return (
        f"Compared: {compared}, on {', '.join(dict.fromkeys(pair.chip for pair in pairs))}; no other uniform "
        f"recipe was. Of {len(heard)} independent measurements ({len(pairs)} rows below: where chips lead to "
        "the same mixture, its error rate is one measurement) the mixture's rate is lower beyond noise in "
        f"{count['mixed better']}, within noise in {count['within noise']}, and higher beyond noise in "
        f"{count['uniform better']}. Grey marks on the left are uniform networks that were measured but not "
        "compared: they are larger or smaller, and round embedding and head too.\n"
    )


def _model(comparison: Comparison) -> str:
    parts = [f"## {markdown_safe(comparison.model)}\n", _trust(comparison)]
    parts += [_costs(comparison.pairs), _LEGEND, _rates(comparison.pairs)]
    return "\n".join(parts)


def _trust(comparison: Comparison) -> str:
    trust = comparison.trust
    if trust is None or trust.correlation is None or trust.error is None:
        return "Too few recipes were measured to say how far the proxy tells error rates.\n"
    r = trust.correlation
    table = Table(
        ("recipe", "damage, nats per token", "measured WER"),
        tuple(
            (point.recipe, significant(point.damage), percent(point.wer))
            for point in sorted(trust.points, key=lambda point: point.damage)
        ),
    )
    return (
        f"How far the proxy tells the error rate on {trust.n_points} other recipes: Spearman's rank "
        f"correlation {r.nominal:.2f} (95 % interval {r.low:.2f} to {r.high:.2f}); a rate predicted from the "
        f"others misses by {100 * trust.error:.1f} points on average. Float: {percent(trust.float_wer)}.\n\n"
        f"{markdown(table)}"
    )


def _costs(pairs: Sequence[Pair]) -> str:
    table = Table(
        ("chip", "uniform", "size", "latency", "mixed", "its size", "its latency", "its formats"),
        tuple(
            (
                pair.chip, pair.uniform, size(pair.uniform_used[0]), seconds(pair.uniform_used[1]),
                pair.mixed, size(pair.mixed_used[0]), seconds(pair.mixed_used[1]), pair.formats,
            )
            for pair in pairs
        ),
    )  # fmt: skip
    return markdown(table)


def _rates(pairs: Sequence[Pair]) -> str:
    rows = []
    for pair in pairs:
        for heard in pair.heard:
            difference = heard.mixed.wer_difference
            rows.append(
                (
                    pair.chip,
                    pair.uniform,
                    _corpus(heard.corpus),
                    _rate(heard.uniform.wer.nominal, heard.uniform.wer.low, heard.uniform.wer.high),
                    _rate(heard.mixed.wer.nominal, heard.mixed.wer.low, heard.mixed.wer.high),
                    percent(pair.predicted_wer)
                    if pair.predicted_wer is not None and heard is pair.heard[0]
                    else "",
                    f"{points(difference.nominal)} ({points(difference.low)} to {points(difference.high)})"
                    if difference
                    else "",
                    heard.verdict,
                )
            )
    heads = (
        "chip", "uniform", "corpus", "uniform WER", "mixed WER", "predicted", "difference", "verdict",
    )  # fmt: skip
    return markdown(Table(heads, tuple(rows)))


def _rate(rate: float, low: float, high: float) -> str:
    return f"{percent(rate)} ({100 * low:.1f} to {100 * high:.1f})"


def _corpus(name: str) -> str:
    """Return a corpus's name; of a folder, the part that names no machine."""
    return "/".join(name.removeprefix("audiofolder:").split("/")[-2:]).replace("$AN4_DIR", "AN4")
