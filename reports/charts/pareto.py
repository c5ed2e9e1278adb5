"""Word error rate against latency, energy or size, with the front of what nothing else beats."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.charts.chart import Chart, frame, safe
from reports.data import Range, StudyData
from reports.index import Costed, chip_names, costed, models
from reports.palette import INK, PAPER, series
from reports.pareto import pareto_front
from reports.units import joules, percent, points, seconds, size, spread

if TYPE_CHECKING:
    from plotly.graph_objects import Figure, Scatter

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "pentagon", "star")
WER_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)
UNMEASURED = "not<br>measured"
CLEAR_DECADES = 0.1
"""Marks of the front nearer than this share a label."""


@dataclass(frozen=True, slots=True)
class Axis:
    """What one Pareto chart has on its horizontal axis; `scale` turns SI units into the axis's."""

    name: str
    title: str
    label: str
    scale: float
    of: Callable[[Costed], Range]
    text: Callable[[float], str]


AXES = (
    Axis("latency", "Latency", "ms per utterance", 1e3, lambda row: row.estimate.latency_s, seconds),
    Axis("energy", "Energy", "mJ per utterance", 1e3, lambda row: row.estimate.energy_j, joules),
    Axis("size", "Size", "MiB, packed weights", 2.0**-20, lambda row: _exact(row.cell.packed_bytes), size),
)


def pareto_charts(study: StudyData) -> tuple[Chart, ...]:
    """Return one chart per axis, with a frame per chip."""
    return tuple(
        Chart(
            f"pareto-{axis.name}",
            f"WER against {axis.title.lower()}",
            "",
            ("chip",),
            tuple(frame(chip, _figure(study, chip, axis)) for chip in chip_names(study)),
        )
        for axis in AXES
    )


def _figure(study: StudyData, chip: str, axis: Axis) -> "Figure":
    import plotly.graph_objects as go

    rows = costed(study, chip)
    measured = [row for row in rows if row.cell.accuracy is not None]
    unmeasured = [row for row in rows if row.cell.accuracy is None]
    figure = go.Figure()
    front = _front(measured, axis)
    figure.add_trace(_staircase(front, axis))
    for position, model in enumerate(models(study)):
        for group, kind in ((measured, "measured"), (unmeasured, "unmeasured")):
            mine = [row for row in group if row.cell.model == model]
            if mine:
                figure.add_trace(_points(mine, axis, position, kind == "measured"))
    floor = 0.24 if unmeasured and measured else 0.0
    figure.update_layout(
        height=430,
        xaxis={"type": "log", "title": {"text": axis.label}, "anchor": "y2" if floor else "y", "dtick": 1},
        yaxis={
            "title": {"text": "word error rate, %"},
            "domain": [floor, 1.0],
            "type": "log",
            "tickvals": WER_TICKS,
            "ticktext": [f"{tick:g}" for tick in WER_TICKS],
        },
        showlegend=False,
        annotations=_labels(front, axis),
    )
    if unmeasured:
        figure.update_layout(yaxis2={"type": "category", "domain": [0.0, 0.12], "fixedrange": True})
    return figure


def _points(rows: list[Costed], axis: Axis, position: int, measured: bool) -> "Scatter":
    import plotly.graph_objects as go

    colour, symbol = series(position).light, SYMBOLS[position % len(SYMBOLS)]
    values = [axis.of(row) for row in rows]
    return go.Scatter(
        x=[value.nominal * axis.scale for value in values],
        y=[_shown_percent(row, row.wer or 0.0) if measured else UNMEASURED for row in rows],
        yaxis="y" if measured else "y2",
        mode="markers",
        name=safe(rows[0].cell.model),
        marker={
            "color": colour,
            "size": 10,
            "symbol": [symbol if row.estimate.fits else f"{symbol}-open" for row in rows],
            "line": {"width": 1.5, "color": colour},
        },
        error_x=_bars(
            [(value.nominal - value.low) * axis.scale for value in values],
            [(value.high - value.nominal) * axis.scale for value in values],
            colour,
        )
        if any(value.low < value.high for value in values)
        else None,
        error_y=_wer_bars(rows, colour) if measured else None,
        hovertext=[_hover(row, axis) for row in rows],
        hoverinfo="text",
    )


def _front(measured: list[Costed], axis: Axis) -> list[Costed]:
    """Return what nothing that fits beats; what does not fit counts only where nothing fits."""
    candidates = [row for row in measured if row.estimate.fits] or measured
    wers = [row.wer or 0.0 for row in candidates]
    return [candidates[idx] for idx in pareto_front([axis.of(row).nominal for row in candidates], wers)]


def _staircase(front: list[Costed], axis: Axis) -> "Scatter":
    import plotly.graph_objects as go

    return go.Scatter(
        x=[axis.of(row).nominal * axis.scale for row in front],
        y=[_shown_percent(row, row.wer or 0.0) for row in front],
        mode="lines",
        line={"color": INK.light, "width": 1, "dash": "dot", "shape": "hv"},
        hoverinfo="skip",
    )


def _labels(front: list[Costed], axis: Axis) -> list[dict[str, object]]:
    """Return the recipes' names below left of the front, where by its nature no mark lies."""
    places = [
        (math.log10(axis.of(row).nominal * axis.scale), math.log10(_shown_percent(row, row.wer or 0.0)))
        for row in front
    ]
    labels: list[dict[str, object]] = []
    last: tuple[float, float] | None = None
    for row, place in zip(front, places, strict=True):
        if last is not None and place[0] - last[0] < CLEAR_DECADES and last[1] - place[1] < CLEAR_DECADES:
            continue
        last = place
        labels.append(
            {
                "x": place[0],
                "y": place[1],
                "text": safe(row.cell.recipe),
                "showarrow": False,
                "xanchor": "right",
                "yanchor": "top",
                "xshift": -6,
                "yshift": -6,
                "bgcolor": PAPER.light,
                "borderpad": 1,
                "font": {"size": 11, "color": INK.light},
            }
        )
    return labels


def _wer_bars(rows: list[Costed], colour: str) -> dict[str, object]:
    below, above = [], []
    for row in rows:
        wer = row.cell.accuracy.wer if row.cell.accuracy else _exact(0.0)
        nominal = _shown_percent(row, wer.nominal)
        below.append(nominal - _shown_percent(row, wer.low))
        above.append(_shown_percent(row, wer.high) - nominal)
    return _bars(below, above, colour)


def _bars(below: list[float], above: list[float], colour: str) -> dict[str, object]:
    return {
        "type": "data",
        "symmetric": False,
        "array": above,
        "arrayminus": below,
        "color": colour,
        "thickness": 1,
        "width": 3,
    }


def _shown_percent(row: Costed, wer: float) -> float:
    """Return a rate in percent, at least half a word's worth: a logarithmic axis has no zero."""
    n_words = row.cell.accuracy.n_words if row.cell.accuracy else 1
    return max(wer, 0.5 / max(n_words, 1)) * 100


def _hover(row: Costed, axis: Axis) -> str:
    cell, estimate, value = row.cell, row.estimate, axis.of(row)
    lines = [f"<b>{safe(cell.model)} {safe(cell.recipe)}</b>"]
    if cell.accuracy is not None:
        wer = cell.accuracy.wer
        lines.append(f"WER {percent(wer.nominal)} [{spread(percent(wer.low), percent(wer.high))}]")
        if cell.accuracy.wer_difference is not None:
            lines.append(f"{points(cell.accuracy.wer_difference.nominal)} points against float")
    else:
        lines.append("WER not measured")
    interval = spread(axis.text(value.low), axis.text(value.high))
    lines.append(f"{axis.title.lower()} {axis.text(value.nominal)} [{interval}]")
    if not estimate.fits:
        lines.append(f"does not fit {safe(estimate.excess_level)}: {size(estimate.excess_bytes)} over")
    return "<br>".join(lines)


def _exact(value: float) -> Range:
    return Range(value, value, value)
