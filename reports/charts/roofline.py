"""What a chip could do at most, and how near each layer's products come to it."""

import math

from reports.charts.chart import Chart, Frame, Spec, axis_title, frame, safe
from reports.data import PointRow, StudyData
from reports.index import combination, unique
from reports.palette import MUTED, phase
from reports.roofs import Roof, intensity_span, roofs
from reports.units import seconds, si, significant


def roofline_chart(study: StudyData) -> Chart:
    """Return the chart, with a frame per model, recipe and chip."""
    groups: dict[str, list[PointRow]] = {}
    for row in study.points:
        groups.setdefault(combination(row.model, row.recipe, chip=row.chip), []).append(row)
    return Chart(
        "roofline",
        "Roofline",
        "Flat: arithmetic peaks. Slanted: memory levels. A mark is one layer's products, larger where it "
        "takes more time; its intensity counts the bytes that cross the level its hover text names.",
        ("model", "recipe", "chip"),
        tuple(_frame(key, study, rows) for key, rows in groups.items()),
    )


def _frame(key: str, study: StudyData, rows: list[PointRow]) -> Frame:
    chip = rows[0].chip
    ceilings = tuple(row for row in study.ceilings if row.chip == chip)
    bandwidths = tuple(row for row in study.bandwidths if row.chip == chip)
    low, high = intensity_span([row.intensity_mac_per_byte for row in rows], ceilings, bandwidths=bandwidths)
    slowest = min((row.achieved_mac_per_s for row in rows if row.achieved_mac_per_s > 0), default=1.0)
    peak = max((row.peak_mac_per_s for row in ceilings), default=slowest)
    longest_s = max(row.latency_s for row in rows) or 1.0
    phases = unique(row.phase for row in rows)
    return frame(
        key,
        [
            *(_line(roof) for roof in roofs(ceilings, bandwidths, low=low, high=high)),
            *(_points([row for row in rows if row.phase == name], longest_s) for name in phases),
        ],
        layout={
            "height": 440,
            "xaxis": {
                "type": "log",
                "title": axis_title("MAC per byte"),
                "range": [math.log10(low), math.log10(high)],
                "dtick": 1,
            },
            "yaxis": {
                "type": "log",
                "title": axis_title("MAC/s"),
                "range": [math.log10(slowest / 2), math.log10(peak * 2)],
                "dtick": 1,
                "tickformat": "~s",
            },
        },
    )


def _line(roof: Roof) -> Spec:
    dash = "solid" if roof.flat else "dash"
    return {
        "type": "scatter",
        "mode": "lines+text",
        "x": [roof.intensity_low, roof.intensity_label, roof.intensity_high],
        "y": [roof.rate_low, roof.rate_label, roof.rate_high],
        "text": ["", safe(roof.label), ""],
        "textposition": "top left",
        "textfont": {"size": 11, "color": MUTED.light},
        "line": {"color": MUTED.light, "width": 1.5 if roof.flat else 1, "dash": dash},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _points(rows: list[PointRow], longest_s: float) -> Spec:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": safe(rows[0].phase),
        "x": [row.intensity_mac_per_byte for row in rows],
        "y": [row.achieved_mac_per_s for row in rows],
        "marker": {
            "color": phase(rows[0].phase).light,
            "opacity": 0.8,
            "size": [6 + 14 * math.sqrt(row.latency_s / longest_s) for row in rows],
            "line": {"width": 0},
        },
        "hovertext": [
            f"<b>{safe(row.phase)} {safe(row.layer)}</b><br>{safe(row.kind)}<br>"
            f"{significant(row.intensity_mac_per_byte)} MAC per byte across {safe(row.level)}<br>"
            f"{si(row.achieved_mac_per_s, 'MAC/s')}, {seconds(row.latency_s)}"
            for row in rows
        ],
        "hoverinfo": "text",
    }
