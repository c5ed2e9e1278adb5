"""Where an utterance's latency goes: the phases of one model on one chip, a bar per recipe."""

from typing import TYPE_CHECKING

from reports.charts.chart import Chart, frame, safe
from reports.data import PhaseRow, StudyData
from reports.index import unique
from reports.palette import phase
from reports.units import axis_unit, joules, percent, seconds

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


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
        tuple(frame(key, _figure(rows)) for key, rows in groups.items()),
    )


def _figure(rows: list[PhaseRow]) -> "Figure":
    import plotly.graph_objects as go

    recipes = unique(row.recipe for row in rows)
    totals = [sum(row.latency_s for row in rows if row.recipe == recipe) for recipe in recipes]
    scale, unit = axis_unit(max(totals), "s")
    figure = go.Figure()
    for name in unique(row.phase for row in rows):
        mine = [row for row in rows if row.phase == name]
        figure.add_trace(
            go.Bar(
                x=[row.latency_s * scale for row in mine],
                y=[safe(row.recipe) for row in mine],
                orientation="h",
                name=safe(name),
                marker={"color": phase(name).light, "line": {"width": 0}},
                hovertext=[
                    f"<b>{safe(row.recipe)}, {safe(row.phase)}</b><br>{seconds(row.latency_s)}, "
                    f"{percent(row.share)} of the latency<br>{joules(row.energy_j)}"
                    for row in mine
                ],
                hoverinfo="text",
            )
        )
    figure.update_layout(
        barmode="stack",
        bargap=0.35,
        legend={"traceorder": "normal"},
        height=100 + 30 * len(recipes),
        xaxis={"title": {"text": f"{unit} per utterance"}, "rangemode": "tozero"},
        yaxis={
            "autorange": "reversed",
            "type": "category",
            "categoryorder": "array",
            "categoryarray": [safe(recipe) for recipe in recipes],
            "showgrid": False,
        },
    )
    return figure
