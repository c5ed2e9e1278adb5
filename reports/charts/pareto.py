"""Word error rate against latency, energy or size, with the front of what nothing else beats."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from reports.charts.chart import Chart, Frame, Spec, axis_title, frame, safe
from reports.data import Range, StudyData
from reports.index import Costed, chip_names, contending, models
from reports.json_value import Json
from reports.palette import INK, PAPER, series
from reports.pareto import pareto_front, spaced
from reports.units import axis_unit, joules, log_ticks, percent, points, seconds, size, spread, tick

AXIS_NAMES = ("latency", "energy", "size")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "pentagon", "star")
WER_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)
UNMEASURED = "not<br>measured"
STRIP_TOP = 0.12
"""How much of the height the strip of unmeasured cells takes beside measured ones."""
STRIP_HEIGHT_PX = 130
"""The height of a chart in which nothing was measured."""
CLEAR_DECADES = 0.07
"""How far apart labels of the front are, at least."""


@dataclass(frozen=True, slots=True)
class Axis:
    """What one Pareto chart has on its horizontal axis; `scale` turns SI units into those of `label`."""

    name: str
    title: str
    label: str
    scale: float
    of: Callable[[Costed], Range]
    text: Callable[[float], str]


def _axes(rows: tuple[Costed, ...]) -> tuple[Axis, ...]:
    """Return the axes in units that suit these rows."""
    time_scale, time_unit = axis_unit(_middle([row.estimate.latency_s.nominal for row in rows]), "s")
    energy_scale, energy_unit = axis_unit(_middle([row.estimate.energy_j.nominal for row in rows]), "J")
    return (
        Axis(
            "latency",
            "Latency",
            f"{time_unit} per utterance",
            time_scale,
            lambda row: row.estimate.latency_s,
            seconds,
        ),
        Axis(
            "energy",
            "Energy",
            f"{energy_unit} per utterance",
            energy_scale,
            lambda row: row.estimate.energy_j,
            joules,
        ),
        Axis(
            "size", "Size", "MiB, packed weights", 2.0**-20, lambda row: _exact(row.cell.packed_bytes), size
        ),
    )


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2] if values else 0.0


def pareto_charts(study: StudyData) -> tuple[Chart, ...]:
    """Return one chart per axis, with a frame per chip."""
    on_chips = {chip: contending(study, chip) for chip in chip_names(study)}
    axes = {chip: _axes(rows) for chip, rows in on_chips.items()}
    return tuple(
        Chart(
            f"pareto-{name}",
            f"WER against {name}",
            "",
            ("chip",),
            tuple(_frame(chip, rows, models(study), axes[chip][idx]) for chip, rows in on_chips.items()),
        )
        for idx, name in enumerate(AXIS_NAMES)
    )


def _frame(chip: str, rows: tuple[Costed, ...], names: tuple[str, ...], axis: Axis) -> Frame:
    measured = [row for row in rows if row.cell.accuracy is not None]
    unmeasured = [row for row in rows if row.cell.accuracy is None]
    front = _front(measured, axis)
    strip_top = STRIP_TOP if measured else 1.0
    values = [axis.of(row).nominal * axis.scale for row in rows]
    ticks = log_ticks(min(values), max(values)) if values else ()
    traces = [_staircase(front, axis)]
    for position, model in enumerate(names):
        traces += _points([row for row in measured if row.cell.model == model], axis, position)
        traces += _points([row for row in unmeasured if row.cell.model == model], axis, position)
    layout: dict[str, Json] = {
        "height": 430 if measured else STRIP_HEIGHT_PX,
        "showlegend": False,
        "annotations": _labels(front, axis),
        "xaxis": {
            "type": "log",
            "title": axis_title(axis.label),
            "anchor": "y2" if unmeasured else "y",
            "tickvals": ticks,
            "ticktext": [tick(value) for value in ticks],
        },
        "yaxis": {
            "type": "log",
            "title": axis_title("word error rate, %"),
            "domain": [strip_top + 0.12, 1.0] if measured and unmeasured else [0.0, 1.0],
            "tickvals": WER_TICKS,
            "ticktext": [f"{value:g}" for value in WER_TICKS],
            "visible": bool(measured),
        },
    }
    if unmeasured:
        layout["yaxis2"] = {"type": "category", "domain": [0.0, strip_top], "fixedrange": True}
    return frame(chip, traces, layout=layout)


def _points(rows: list[Costed], axis: Axis, position: int) -> list[Spec]:
    """Return the marks of one model's cells, all measured or none; nothing for no cells."""
    if not rows:
        return []
    measured = rows[0].cell.accuracy is not None
    colour, symbol = series(position).light, SYMBOLS[position % len(SYMBOLS)]
    values = [axis.of(row) for row in rows]
    trace: dict[str, Json] = {
        "type": "scatter",
        "mode": "markers",
        "name": safe(rows[0].cell.model),
        "x": [value.nominal * axis.scale for value in values],
        "y": [_shown_percent(row, row.wer or 0.0) if measured else UNMEASURED for row in rows],
        "yaxis": "y" if measured else "y2",
        "marker": {
            "color": colour,
            "size": 10,
            "symbol": [symbol if row.estimate.fits else f"{symbol}-open" for row in rows],
            "line": {"width": 1.5, "color": colour},
        },
        "hovertext": [_hover(row, axis) for row in rows],
        "hoverinfo": "text",
    }
    if any(value.low < value.high for value in values):
        below = [(value.nominal - value.low) * axis.scale for value in values]
        above = [(value.high - value.nominal) * axis.scale for value in values]
        trace["error_x"] = _bars(below, above, colour)
    if measured:
        trace["error_y"] = _wer_bars(rows, colour)
    return [trace]


def _front(measured: list[Costed], axis: Axis) -> list[Costed]:
    """Return what nothing that fits beats; what does not fit counts only where nothing fits."""
    candidates = [row for row in measured if row.estimate.fits] or measured
    wers = [row.wer or 0.0 for row in candidates]
    return [candidates[idx] for idx in pareto_front([axis.of(row).nominal for row in candidates], wers)]


def _staircase(front: list[Costed], axis: Axis) -> Spec:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [axis.of(row).nominal * axis.scale for row in front],
        "y": [_shown_percent(row, row.wer or 0.0) for row in front],
        "line": {"color": INK.light, "width": 1, "dash": "dot", "shape": "hv"},
        "hoverinfo": "skip",
    }


def _labels(front: list[Costed], axis: Axis) -> list[Spec]:
    """Return the recipes' names below left of the front, where by its nature no mark lies."""
    values = [axis.of(row).nominal * axis.scale for row in front]
    wers = [_shown_percent(row, row.wer or 0.0) for row in front]
    return [
        {
            "x": math.log10(values[idx]),
            "y": math.log10(wers[idx]),
            "text": safe(front[idx].cell.recipe),
            "showarrow": False,
            "xanchor": "right",
            "yanchor": "top",
            "xshift": -6,
            "yshift": -6,
            "bgcolor": PAPER.light,
            "borderpad": 1,
            "font": {"size": 11, "color": INK.light},
        }
        for idx in spaced(values, wers, decades=CLEAR_DECADES)
    ]


def _wer_bars(rows: list[Costed], colour: str) -> Spec:
    below, above = [], []
    for row in rows:
        wer = row.cell.accuracy.wer if row.cell.accuracy else _exact(0.0)
        nominal = _shown_percent(row, wer.nominal)
        below.append(nominal - _shown_percent(row, wer.low))
        above.append(_shown_percent(row, wer.high) - nominal)
    return _bars(below, above, colour)


def _bars(below: list[float], above: list[float], colour: str) -> Spec:
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
