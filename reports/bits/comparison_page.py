"""The text of docs/bits.md: mixed against uniform recipes, generated from the comparisons alone."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from reports.atomic import write_text
from reports.bits.comparison import Comparison, Pair, Verdict
from reports.bits.comparison_figure import corpus_name, distinct, draw_comparisons
from reports.figures.style import save_png
from reports.table import Table, markdown, markdown_safe
from reports.units import percent, points, seconds, significant, size

_INTRODUCTION = """\
`edgeasr bits` gives every part of a recogniser (an attention with its projections, a linear layer, a
convolution) a number format of its own, so that the summed damage to the output is least within a budget.
This page asks whether that is worth it. For each uniform recipe it takes the recipe's own size and latency on
a chip as the budget, lets the mixture be chosen within it, and measures both. The uniform recipes are the
bundled ones, which keep the embedding, the head and convolutions at 8 bit; each is rounded by every method
that is named, the mixture by GPTQ alone. Networks that round embedding and head too are not compared.

The mixture is chosen by sensitivities alone, on calibration data; word error rates have no part in it. It is
never larger or slower than what it is compared with, so it is better there if its error rate is lower.
"""

_DISTINCT = """\
A row of the picture is a uniform network and the mixture within its size and latency on a chip: how much
lower (left) or higher the mixture's error rate is, with the paired 95 % interval over utterances; grey where
that holds 0. Where both chips lead to the same mixture the comparison counts once, here and in the table. The
comparisons share utterances, and mixtures share most of their weights: they are no independent measurements,
and with so many of them a few in a hundred lie beyond a 95 % interval by chance.
"""

_LEGEND = """\
Under each rate its 95 % bootstrap interval. The difference is mixed minus uniform in points, with the paired
95 % interval over utterances; where that holds 0 the difference is within noise.
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
        f"![Difference in word error rate, mixed minus uniform]({figure})\n",
        _DISTINCT,
        _summary(comparisons),
        *(_model(comparison) for comparison in comparisons),
        f"## To get this again\n\n`{command}`. Finished measurements are kept in the run folders.\n",
    ]
    return "\n".join(parts)


def _summary(comparisons: Sequence[Comparison]) -> str:
    """Return how often the mixture's rate is lower or not, by model, method and corpus."""
    counted: dict[tuple[str, str, str], Counter[Verdict]] = {}
    for comparison in comparisons:
        for pair, _ in distinct(comparison.pairs):
            for heard in pair.heard:
                key = comparison.model, pair.method, corpus_name(heard.corpus)
                counted.setdefault(key, Counter())[heard.verdict] += 1
    rows = tuple((*key, *(str(counts[verdict]) for verdict in Verdict)) for key, counts in counted.items())
    heads = ("model", "uniform by", "corpus", *(f"mixture's rate {verdict}" for verdict in Verdict))
    return markdown(Table(heads, rows))


def _dominated(comparison: Comparison) -> str:
    """Return which uniform networks mixtures beat beyond noise on every corpus."""
    rows = distinct(comparison.pairs)
    beaten = [
        f"{pair.network} ({chip})"
        for pair, chip in rows
        if all(heard.verdict is Verdict.BETTER for heard in pair.heard)
    ]
    return (
        f"Beyond noise on every corpus the mixture is better than {', '.join(beaten) or 'none of them'}; of "
        f"the other {len(rows) - len(beaten)} comparisons none shows that on all corpora.\n"
    )


def _model(comparison: Comparison) -> str:
    uniform, methods = (
        ", ".join(dict.fromkeys(getattr(pair, name) for pair in comparison.pairs))
        for name in ("uniform", "method")
    )
    parts = [
        f"## {markdown_safe(comparison.model)}\n",
        f"Compared: {uniform}, each by {methods}; no other uniform recipe was.\n",
        _dominated(comparison),
        _trust(comparison),
        _costs(comparison.pairs),
    ]
    if comparison.without:
        listed = ", ".join(comparison.without)
        parts.append(f"No mixture of these formats is as small and as fast as {listed}: not compared.\n")
    return "\n".join([*parts, _LEGEND, _rates(comparison.pairs)])


def _trust(comparison: Comparison) -> str:
    trust = comparison.trust
    table = Table(
        ("network", "damage, nats per token", "measured WER"),
        tuple(
            (point.recipe, significant(point.damage), percent(point.wer))
            for point in sorted(trust.points, key=lambda point: point.damage)
        ),
    )
    said = "Too few networks were measured to say how far the proxy tells error rates."
    if trust.correlation is not None and trust.error is not None:
        r = trust.correlation
        said = (
            f"How far the proxy tells the error rate on {trust.n_points} mixtures and networks with one "
            f"format throughout: Spearman's rank correlation {r.nominal:.2f} (95 % interval {r.low:.2f} to "
            f"{r.high:.2f}); a rate predicted from the others misses by {100 * trust.error:.1f} points on "
            "average."
        )
    return f"{said} Float: {percent(trust.float_wer)}.\n\n{markdown(table)}"


def _costs(pairs: Sequence[Pair]) -> str:
    heads = ("chip", "uniform", "size", "latency", "mixed", "its size", "its latency", "its formats")
    rows = (
        (
            pair.chip, pair.uniform, size(pair.uniform_used[0]), seconds(pair.uniform_used[1]),
            pair.mixed, size(pair.mixed_used[0]), seconds(pair.mixed_used[1]), pair.formats,
        )
        for pair in pairs
    )  # fmt: skip
    return markdown(Table(heads, tuple(dict.fromkeys(rows))))  # methods share a row


def _rates(pairs: Sequence[Pair]) -> str:
    rows = []
    for pair, chip in distinct(pairs):
        for heard in pair.heard:
            difference = heard.mixed.wer_difference
            rows.append(
                (
                    chip,
                    pair.network,
                    corpus_name(heard.corpus),
                    _rate(heard.uniform.wer.nominal, heard.uniform.wer.low, heard.uniform.wer.high),
                    pair.mixed,
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
        "chip", "uniform", "corpus", "uniform WER", "mixed", "mixed WER", "predicted", "difference",
        "mixture's rate",
    )  # fmt: skip
    return markdown(Table(heads, tuple(rows)))


def _rate(rate: float, low: float, high: float) -> str:
    return f"{percent(rate)} ({100 * low:.1f} to {100 * high:.1f})"
