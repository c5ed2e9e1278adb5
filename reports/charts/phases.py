"""Where an utterance's latency goes: the phases of one model on one chip, a bar per recipe."""

from reports.charts.chart import Chart, Frame, Spec, axis_title, frame, safe
from reports.data import PhaseRow, StudyData
from reports.index import unique
from reports.palette import phase
from reports.units import axis_unit, joules, percent, seconds


def phase_chart(study: StudyData) -> Chart:
    """Return the chart, with a frame per model and chip."""
    groups: dict[str, list[PhaseRow]] = {}
    for row in study.phases:
        groups.setdefault("\n".join((row.model, row.chip)), []).append(row)
    return Chart(
        "phases",
        "Latency by phase",
        "Every recipe of the chosen model on the chosen chip.",
        ("model", "chip"),
        tuple(_frame(key, rows) for key, rows in groups.items()),
    )


def _frame(key: str, rows: list[PhaseRow]) -> Frame:
    recipes = unique(row.recipe for row in rows)
    totals = [sum(row.latency_s for row in rows if row.recipe == recipe) for recipe in recipes]
    scale, unit = axis_unit(max(totals), "s")
    phases = unique(row.phase for row in rows)
    return frame(
        key,
        [_bars([row for row in rows if row.phase == name], scale) for name in phases],
        layout={
            "barmode": "stack",
            "bargap": 0.35,
            "height": 100 + 30 * len(recipes),
            "xaxis": {"title": axis_title(f"{unit} per utterance"), "rangemode": "tozero"},
            "yaxis": {
                "autorange": "reversed",
                "type": "category",
                "categoryorder": "array",
                "categoryarray": [safe(recipe) for recipe in recipes],
                "showgrid": False,
            },
        },
    )


def _bars(rows: list[PhaseRow], scale: float) -> Spec:
    return {
        "type": "bar",
        "orientation": "h",
        "name": safe(rows[0].phase),
        "x": [row.latency_s * scale for row in rows],
        "y": [safe(row.recipe) for row in rows],
        "marker": {"color": phase(rows[0].phase).light, "line": {"width": 0}},
        "hovertext": [
            f"<b>{safe(row.recipe)}, {safe(row.phase)}</b><br>{seconds(row.latency_s)}, "
            f"{percent(row.share)} of the latency<br>{joules(row.energy_j)}"
            for row in rows
        ],
        "hoverinfo": "text",
    }
