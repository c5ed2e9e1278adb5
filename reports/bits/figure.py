"""What an answer was chosen from, as a picture: the front of one budget, and error rates over damage."""

from typing import TYPE_CHECKING

from reports.bits.answer import Answer
from reports.bits.words import shown_amount
from reports.figures.style import dress, literal, new_figure
from reports.palette import ACCENT, MUTED, VERMILION
from reports.units import axis_unit
from simulator.mixtures.problem import Mixture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_UNITS = {"latency_s": ("s", "latency"), "energy_j": ("J", "energy")}


def draw_answer(answer: Answer) -> "Figure":
    """Return two panels: word error rate over the first budget, and over the summed damage."""
    figure = new_figure(3.9)
    left, right = figure.subplots(1, 2)
    _front(left, answer)
    _trust(right, answer)
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False, fontsize=7.5)
    return figure


def _front(panel: "Axes", answer: Answer) -> None:
    key = answer.front_key
    shown = (*answer.front, answer.chosen, *answer.uniform)
    scale, label = _axis(key, max(mixture.used[key] for mixture in shown))
    for mixtures, colour, marker, name in (
        (answer.front, ACCENT.light, "o", "mixed"),
        (answer.uniform, MUTED.light, "s", "uniform"),
        ((answer.chosen,), VERMILION.light, "*", "chosen"),
    ):
        area = 70.0 if marker == "*" else 22.0
        for measured in (True, False):
            points = [(mixture, _rate(answer, mixture, measured=measured)) for mixture in mixtures]
            known = [(mixture.used[key] * scale, 100 * rate) for mixture, rate in points if rate is not None]
            if known:
                panel.scatter(
                    [amount for amount, _ in known],
                    [rate for _, rate in known],
                    s=area,
                    marker=marker,
                    facecolors=colour if measured else "none",
                    edgecolors=colour,
                    label=f"{name}, {'measured' if measured else 'predicted'}",
                    zorder=3,
                )
    for mixture in answer.uniform:
        rate = _rate(answer, mixture, measured=True)
        if rate is not None:
            panel.annotate(
                mixture.recipe.name,
                (mixture.used[key] * scale, 100 * rate),
                xytext=(3, 3),
                textcoords="offset points",
                fontsize=6,
                color=MUTED.light,
            )
    limit = next(limit.limit for limit in answer.limits if limit.key == key)
    panel.axvline(limit * scale, color=VERMILION.light, linewidth=0.8, linestyle=":")
    _log_rates(panel)
    dress(panel, title=f"budget {key} = {literal(shown_amount(key, limit))}", x=label, y="word error rate, %")


def _trust(panel: "Axes", answer: Answer) -> None:
    trust = answer.trust
    if trust is None or not trust.points:
        return
    panel.scatter(
        [point.damage for point in trust.points], [100 * point.wer for point in trust.points],
        s=18, color=ACCENT.light, zorder=3,
    )  # fmt: skip
    ordered = sorted(point.damage for point in trust.points)
    panel.plot(
        ordered, [100 * trust.predicted_wer(damage) for damage in ordered], color=MUTED.light, linewidth=0.8
    )
    if answer.rates is not None:
        name = answer.chosen.recipe.name
        panel.scatter(
            [answer.chosen.damage], [100 * answer.rates.wer(name)], s=70, marker="*", color=VERMILION.light,
            zorder=4,
        )  # fmt: skip
    panel.set_xscale("log")
    _log_rates(panel)
    said = "" if trust.correlation is None else f", Spearman {trust.correlation.nominal:.2f}"
    dress(panel, title=f"measured rate over damage{said}", x="summed damage, nats per token")


def _log_rates(panel: "Axes") -> None:
    """Show error rates by their logarithm, unless one is zero."""
    if panel.dataLim.y0 > 0:
        panel.set_yscale("log")


def _rate(answer: Answer, mixture: Mixture, *, measured: bool) -> float | None:
    """Return a mixture's rate, if it is of the wanted kind: measured, or else predicted."""
    name = mixture.recipe.name
    is_measured = answer.rates is not None and name in answer.rates.evaluations
    if measured:
        return answer.rates.wer(name) if answer.rates is not None and is_measured else None
    if is_measured or answer.trust is None or not answer.trust.points:
        return None
    return answer.trust.predicted_wer(mixture.damage)


def _axis(key: str, largest: float) -> tuple[float, str]:
    """Return the factor to the axis's unit, and its label."""
    if key not in _UNITS:
        return 2.0**-20, f"{key.removesuffix('_bytes')}, MiB"
    unit, name = _UNITS[key]
    scale, text = axis_unit(largest, unit)
    return scale, f"{name}, {text} per utterance"
