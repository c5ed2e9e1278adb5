"""The charts of an answer's page: error rate over each budget and over damage, and every unit's damage."""

from collections.abc import Sequence

import numpy as np

from reports.bits.answer import Answer
from reports.bits.rows import CandidateRow, candidate_rows
from reports.bits.words import shown_amount
from reports.charts.chart import Chart, Spec, axis_title, frame, safe
from reports.palette import ACCENT, MUTED, VERMILION
from reports.shown import heading
from reports.units import axis_unit, percent, significant

HEIGHT_PX = 380
_MEBIBYTE = 2.0**20
_COLOURS = {"uniform": MUTED.light, "chosen": VERMILION.light}


def answer_charts(answer: Answer) -> tuple[Chart, ...]:
    """Return the charts of the page; there are none where no damage was measured."""
    if answer.question.utterance is not None:
        return ()
    rows = candidate_rows(answer)
    charts = [_units(answer)]
    if answer.trust is not None and answer.trust.points:
        charts = [_trust(answer), *charts]
        charts = [*(_over(rows, limit.key, limit.limit) for limit in answer.limits), *charts]
    return tuple(charts)


def _over(rows: Sequence[CandidateRow], key: str, limit: float) -> Chart:
    """Return word error rate over one budget; open marks are predicted."""
    scale, title = _axis(key, max((float(getattr(row, key)) for row in rows), default=limit))
    limit *= scale
    traces: list[Spec] = []
    for name in ("uniform", "next best", "chosen"):
        mine = [row for row in rows if row.what.startswith(name)]
        traces += _marks(mine, key, name, scale)
    layout: Spec = {
        "height": HEIGHT_PX,
        "xaxis": {"type": "log", "title": axis_title(title)},
        "yaxis": {"type": "log", "title": axis_title("word error rate, %")},
        "shapes": [
            {"type": "line", "x0": limit, "x1": limit, "y0": 0, "y1": 1, "yref": "paper",
             "line": {"dash": "dot", "color": VERMILION.light, "width": 1}}
        ],
        "showlegend": False,
    }  # fmt: skip
    caption = "The star is the answer, the dotted line its limit; open marks are predicted."
    return Chart(
        f"over-{key}", f"WER against {heading(key)}", caption, (), (frame("", traces, layout=layout),)
    )


def _axis(key: str, largest: float) -> tuple[float, str]:
    """Return what to multiply a budget's SI values by, and its axis's title: (1e3, "latency, ms")."""
    if key.endswith("_bytes"):
        return 1 / _MEBIBYTE, f"{heading(key)}, MiB"
    scale, unit = axis_unit(largest, "s" if key.endswith("_s") else "J")
    return scale, f"{heading(key)}, {unit}"


def _marks(rows: Sequence[CandidateRow], key: str, name: str, scale: float) -> list[Spec]:
    colour = _COLOURS.get(name, ACCENT.light)
    traces: list[Spec] = []
    for measured in (True, False):
        shown = [
            (row, row.wer if measured else row.wer_predicted)
            for row in rows
            if (row.wer is not None) is measured
        ]
        known = [(row, rate) for row, rate in shown if rate is not None]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [getattr(row, key) * scale for row, _ in known],
                "y": [100 * rate for _, rate in known],
                "text": [
                    safe(
                        f"{row.what}: {row.recipe}, {shown_amount(key, getattr(row, key))}, "
                        f"{'measured' if measured else 'predicted'} {percent(rate)}"
                    )
                    for row, rate in known
                ],
                "hoverinfo": "text",
                "marker": {
                    "color": colour,
                    "size": 14 if name == "chosen" else 9,
                    "symbol": ("star" if name == "chosen" else "circle") + ("" if measured else "-open"),
                },
            }
        )
    return traces


def _trust(answer: Answer) -> Chart:
    trust = answer.trust
    points = trust.points if trust else ()
    trace: Spec = {
        "type": "scatter",
        "mode": "markers",
        "x": [point.damage for point in points],
        "y": [100 * point.wer for point in points],
        "text": [
            safe(f"{point.recipe}: {significant(point.damage)} nats, {percent(point.wer)}")
            for point in points
        ],
        "hoverinfo": "text",
        "marker": {"color": ACCENT.light, "size": 9},
    }
    layout: Spec = {
        "height": HEIGHT_PX,
        "xaxis": {"type": "log", "title": axis_title("summed damage, nats per token")},
        "yaxis": {"type": "log", "title": axis_title("measured word error rate, %")},
        "showlegend": False,
    }
    return Chart("trust", "Measured WER over the proxy", "", (), (frame("", [trace], layout=layout),))


def _units(answer: Answer) -> Chart:
    """Return the damage of every unit in every format, as a heat map of its logarithm."""
    problem = answer.problem
    damages = np.log10(np.maximum(problem.damage, 1e-9))
    trace: Spec = {
        "type": "heatmap",
        "z": [[float(value) for value in row] for row in damages],
        "x": [recipe.name for recipe in problem.recipes],
        "y": [unit.name.removeprefix("model.") for unit in problem.units],
        "colorscale": "Cividis",
        "colorbar": {"title": {"text": "log10 nats"}},
    }
    layout: Spec = {
        "yaxis": {"autorange": "reversed", "automargin": True},
        "height": 120 + 18 * len(problem.units),
    }
    return Chart("units", "Damage of each unit in each format", "", (), (frame("", [trace], layout=layout),))
