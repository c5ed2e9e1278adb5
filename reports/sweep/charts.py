"""The charts of a sweep: what is on the front, what each axis does, and where the best points lie."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hwmodels.op_table import Floats
from hwmodels.units import unit_symbol
from reports.charts.chart import Chart, Spec, axis_title, frame, safe
from reports.json_value import Json
from reports.palette import ACCENT, GREY, INK, MUTED, PANEL, RULE, VERMILION, series
from reports.shown import heading, shown
from reports.sweep.plan import Plan
from reports.sweep.results import Results
from reports.sweep.view import Cells
from reports.units import log_ticks, quantity, tick

if TYPE_CHECKING:
    import pandas

LOG_RATIO = 3.0
"""From this ratio of largest to smallest on, an axis is logarithmic."""
MOST_TICKS = 9
MOST_LINES = 400
"""Points off the front among the parallel coordinates, where each is a line."""
LINEAR_TICKS = 5


def pareto_charts(plan: Plan, results: Results, *, others: "pandas.DataFrame") -> tuple[Chart, ...]:
    """Return the first objective against each further one; none for a single objective."""
    first, *rest = plan.sweep.objectives
    return tuple(
        Chart(
            f"pareto-{idx}",
            f"{heading(second)} against {heading(first)}",
            "",
            (),
            (frame("", _pareto_traces(plan, results, others, first, second), layout=_pareto_layout(
                results, others, first, second)),),
        )
        for idx, second in enumerate(rest)
    )  # fmt: skip


def effects_chart(plan: Plan, results: Results) -> Chart:
    """Return the first-order share of each axis in the variance of each objective."""
    axes = [axis.name for axis in plan.sweep.axes][::-1]
    traces: list[Spec] = []
    for idx, objective in enumerate(plan.sweep.objectives):
        found = {each.axis: each for each in results.effects if each.objective == objective}
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": safe(heading(objective)),
                "y": [short(name) for name in axes],
                "x": [found[name].variance_share * 100 if name in found else 0.0 for name in axes],
                "marker": {"color": series(idx).light},
                "hovertemplate": "%{y}: %{x:.1f} %<extra></extra>",
            }
        )
    layout: dict[str, Json] = {
        "height": 110 + 24 * len(axes) * len(plan.sweep.objectives),
        "barmode": "group",
        "xaxis": {"title": axis_title("share of the variance, %"), "rangemode": "tozero"},
        "yaxis": {"type": "category"},
    }
    return Chart("effects", "What each axis decides", "", (), (frame("", traces, layout=layout),))


def heat_charts(cells: Sequence[Cells]) -> tuple[Chart, ...]:
    """Return a heat map of each objective over the two axes that move it most."""
    return tuple(
        Chart(
            f"heat-{idx}",
            f"Best {heading(each.objective)}",
            "Over all other axes, of points that meet the constraints. Blank cells have none.",
            (),
            (frame("", [_heat_trace(each)], layout=_heat_layout(each)),),
        )
        for idx, each in enumerate(cells)
    )


def parallel_chart(plan: Plan, results: Results, *, others: "pandas.DataFrame") -> Chart:
    """Return all axes and objectives side by side, a line per point; the front in colour."""
    import pandas

    drawn = others.iloc[:: -(-len(others) // MOST_LINES)]
    points = pandas.concat([drawn, results.front], ignore_index=True)
    on_front = np.arange(len(points)) >= len(drawn)
    names = [*(axis.name for axis in plan.sweep.axes), *plan.sweep.objectives]
    trace: Spec = {
        "type": "parcoords",
        "dimensions": [_dimension(name, points[name]) for name in names],
        "line": {
            "color": on_front.astype(float).tolist(),
            "colorscale": [[0, RULE.light], [1, VERMILION.light]],
            "cmin": 0,
            "cmax": 1,
        },
        "unselected": {"line": {"opacity": 0.05}},
        "labelfont": {"color": INK.light, "size": 11},
        "tickfont": {"color": MUTED.light, "size": 11},
        "rangefont": {"color": MUTED.light, "size": 1},
    }
    layout: Spec = {"height": 440, "margin": {"l": 60, "r": 60, "t": 60, "b": 20}}
    return Chart("parallel", "Every axis and objective", "", (), (frame("", [trace], layout=layout),))


def short(name: str) -> str:
    """Return a key path as a label: without the section it starts with, and what all rates end in."""
    section, _, rest = heading(name.removesuffix(".per_cycle")).partition(".")
    return safe(rest or section)


def _pareto_traces(
    plan: Plan, results: Results, others: "pandas.DataFrame", first: str, second: str
) -> list[Spec]:
    front = results.front
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": "beaten",
            "x": others[first].tolist(),
            "y": _known(others[second]),
            "marker": {"color": GREY.light, "size": 4, "opacity": 0.45},
            "hoverinfo": "skip",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "name": "front",
            "x": front[first].tolist(),
            "y": _known(front[second]),
            "marker": {"color": VERMILION.light, "size": 7},
            "hovertext": [_hover(plan, row) for _, row in front.iterrows()],
            "hoverinfo": "text",
        },
    ]


def _pareto_layout(results: Results, others: "pandas.DataFrame", first: str, second: str) -> Spec:
    import pandas

    points = pandas.concat([others[[first, second]], results.front[[first, second]]])
    return {
        "height": 430,
        "xaxis": _scale(points[first].to_numpy(), first),
        "yaxis": _scale(points[second].to_numpy(), second),
    }


def _scale(values: Floats, name: str) -> Spec:
    """Return an axis in the units of a quantity, logarithmic where its values span factors."""
    known = values[np.isfinite(values)]
    unit = unit_symbol(name)
    if not is_log(known):
        return {"title": axis_title(f"{safe(heading(name))}{unit and f', {unit}'}")}
    ticks = log_ticks(float(known.min()), float(known.max()))
    return {
        "title": axis_title(safe(heading(name))),
        "type": "log",
        "tickvals": ticks,
        "ticktext": [tick(value, unit) for value in ticks],
    }


def is_log(values: Floats) -> bool:
    """Return whether values are positive and span factors."""
    return bool(len(values) and values.min() > 0 and values.max() / values.min() >= LOG_RATIO)


def _heat_trace(cells: Cells) -> Spec:
    unit = unit_symbol(cells.objective)
    known = cells.best[np.isfinite(cells.best)]
    log = is_log(known)
    values = np.log10(cells.best) if log else cells.best
    bar: dict[str, Json] = {
        "thickness": 12,
        "outlinewidth": 0,
        "tickfont": {"color": MUTED.light, "size": 11},
        "title": {"text": "" if log else unit, "font": {"color": MUTED.light, "size": 11}},
    }
    if log:
        ticks = [
            value for value in log_ticks(float(known.min()), float(known.max()))
            if known.min() <= value <= known.max()
        ]  # fmt: skip
        bar |= {"tickvals": np.log10(ticks).tolist(), "ticktext": [tick(value, unit) for value in ticks]}
    return {
        "type": "heatmap",
        "x": list(map(safe, cells.across_labels)),
        "y": list(map(safe, cells.upward_labels)),
        "z": [_known(row) for row in values],
        "text": [["" if np.isnan(value) else quantity(value, unit) for value in row] for row in cells.best],
        "hovertemplate": "%{x}, %{y}: %{text}<extra></extra>",
        "hoverongaps": False,
        "colorscale": [[0, ACCENT.light], [1, PANEL.light]],
        "colorbar": bar,
        "xgap": 2,
        "ygap": 2,
    }


def _heat_layout(cells: Cells) -> Spec:
    return {
        "height": 380,
        "xaxis": {"type": "category", "title": axis_title(short(cells.across)), "showgrid": False},
        "yaxis": {"type": "category", "title": axis_title(short(cells.upward)), "showgrid": False},
    }


def _dimension(name: str, column: "pandas.Series[float]") -> Spec:
    """Return one upright axis of the parallel coordinates."""
    label = short(name)
    if column.dtype.kind not in "fi":
        texts = list(map(str, column))
        names = list(dict.fromkeys(texts))
        positions = [names.index(text) for text in texts]
        return {
            "label": label,
            "values": positions,
            "tickvals": list(range(len(names))),
            "ticktext": [safe(text) for text in names],
        }
    values = column.to_numpy(dtype=np.float64)
    distinct: Floats = np.unique(values[np.isfinite(values)]).astype(np.float64)
    log = is_log(distinct)
    ticks = _ticks(distinct, unit_symbol(name), log=log)
    return {
        "label": label,
        "values": np.nan_to_num(np.log10(values) if log else values).tolist(),
        "tickvals": np.log10(ticks).tolist() if log else ticks,
        "ticktext": [quantity(value, unit_symbol(name)) for value in ticks],
    }


def _ticks(distinct: Floats, unit: str, *, log: bool) -> list[float]:
    """Return where an axis with these values is labelled: at all of few, else at round or even steps."""
    if len(distinct) <= MOST_TICKS:
        return [float(value) for value in distinct]
    low, high = float(distinct[0]), float(distinct[-1])
    if not log:
        return [low + (high - low) * step / (LINEAR_TICKS - 1) for step in range(LINEAR_TICKS)]
    if unit == "B":
        first, last = math.ceil(math.log2(low)), math.floor(math.log2(high))
        return [2.0**power for power in range(first, last + 1)]
    return [value for value in log_ticks(low, high) if low <= value <= high]


def _hover(plan: Plan, row: "pandas.Series[float]") -> str:
    names = [*(axis.name for axis in plan.sweep.axes), *plan.sweep.objectives]
    return "<br>".join(f"{safe(heading(name))} {safe(shown(name, row[name]))}" for name in names)


def _known(values: "Sequence[float] | Floats | pandas.Series[float]") -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
