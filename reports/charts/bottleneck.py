"""Charts of one estimate: its slowest layers, and tornados of what each number of the chip does."""

from collections.abc import Callable
from dataclasses import dataclass

from hwmodels.units import unit_symbol
from reports.bottleneck import FURTHEST, BottleneckRow
from reports.bottlenecks import spoken_kind
from reports.charts.chart import Chart, Frame, Spec, axis_title, frame, safe
from reports.charts.layers import QUANTITIES, ROW_HEIGHT_PX, stacked
from reports.folding import short_layer
from reports.palette import BLUE, INK, VERMILION, Colour
from reports.units import axis_unit, joules, quantity, seconds
from simulator.sensitivity import Sensitivity

MOST_LAYERS = 20
MOST_NUMBERS = 16
LEAST_SWING = 1e-3
"""Numbers that move the whole by less than this share are left out."""


@dataclass(frozen=True, slots=True)
class _Swing:
    """What a tornado shows, in SI base units."""

    name: str
    unit: str
    halved: Callable[[Sensitivity], float | None]
    doubled: Callable[[Sensitivity], float | None]
    swing: Callable[[Sensitivity], float]
    text: Callable[[float], str]


_SWINGS = (
    _Swing(
        "latency",
        "s",
        lambda row: row.latency_halved_s,
        lambda row: row.latency_doubled_s,
        lambda row: row.latency_swing_s,
        seconds,
    ),
    _Swing(
        "energy",
        "J",
        lambda row: row.energy_halved_j,
        lambda row: row.energy_doubled_j,
        lambda row: row.energy_swing_j,
        joules,
    ),
)


def slowest_charts(rows: tuple[BottleneckRow, ...]) -> tuple[Chart, ...]:
    """Return latency and energy of the slowest layers, slowest first, by what they are made of."""
    shown = tuple(row.layer for row in rows[:MOST_LAYERS])
    labels = tuple(f"{short_layer(row)} {_short_kind(row.kind)} ({row.phase})" for row in shown)
    return tuple(
        Chart(
            f"slowest-{each.name}",
            f"{each.name.capitalize()} of the slowest layers",
            "Decode is summed over its steps; time that overlaps is not drawn." if each.unit == "s" else "",
            (),
            (stacked("", shown, labels=labels, quantity=each),),
        )
        for each in QUANTITIES
    )


def _short_kind(kind: str) -> str:
    return spoken_kind(kind).replace("activation", "act.").replace("normalisation", "norm")


def tornado_charts(rows: tuple[Sensitivity, ...], *, latency_s: float, energy_j: float) -> tuple[Chart, ...]:
    """Return what halving and doubling each number does to the whole latency and the whole energy."""
    wholes = (latency_s, energy_j)
    return tuple(
        Chart(
            f"tornado-{each.name}",
            f"{each.name.capitalize()} with one number halved or doubled",
            "All else as it is. Sizes and bits act in steps: what fits or not, what has a rate or not. "
            f"Bars end at {FURTHEST:g} times the whole; hover for the value.",
            (),
            (_tornado(rows, each, whole),),
        )
        for each, whole in zip(_SWINGS, wholes, strict=True)
    )


def _tornado(rows: tuple[Sensitivity, ...], each: _Swing, whole: float) -> Frame:
    largest = sorted(rows, key=lambda row: (-each.swing(row), row.parameter))
    moving = [row for row in largest if each.swing(row) > LEAST_SWING * whole][:MOST_NUMBERS]
    scale, unit = axis_unit(whole, each.unit)
    sides = (("halved", each.halved, VERMILION), ("doubled", each.doubled, BLUE))
    return frame(
        "",
        [
            _side(name, moving, result=result, each=each, whole=whole, scale=scale, colour=colour)
            for name, result, colour in sides
        ],
        layout={
            "barmode": "overlay",
            "bargap": 0.25,
            "height": 90 + ROW_HEIGHT_PX * max(len(moving), 1),
            "xaxis": {
                "title": axis_title(f"{unit} per utterance"),
                "range": _range(moving, each, whole, scale),
            },
            "yaxis": {"autorange": "reversed", "type": "category", "showgrid": False},
            "shapes": [
                {
                    "type": "line",
                    "x0": whole * scale,
                    "x1": whole * scale,
                    "yref": "paper",
                    "y0": 0,
                    "y1": 1,
                    "line": {"color": INK.light, "width": 1},
                }
            ],
        },
    )


def _range(rows: list[Sensitivity], each: _Swing, whole: float, scale: float) -> list[float]:
    found = [value for row in rows for value in (each.halved(row), each.doubled(row)) if value is not None]
    low, high = min((*found, whole)), min(max((*found, whole)), FURTHEST * whole)
    margin = 0.04 * (high - low)
    return [(low - margin) * scale, (high + margin) * scale]


def _side(
    name: str,
    rows: list[Sensitivity],
    *,
    result: Callable[[Sensitivity], float | None],
    each: _Swing,
    whole: float,
    scale: float,
    colour: Colour,
) -> Spec:
    known = [(row, found) for row in rows if (found := result(row)) is not None]
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "base": [whole * scale for _ in known],
        "x": [(found - whole) * scale for _, found in known],
        "y": [safe(row.parameter) for row, _ in known],
        "marker": {"color": colour.light, "line": {"width": 0}},
        "hovertext": [
            f"<b>{safe(row.parameter)}</b> = {quantity(row.value, unit_symbol(row.parameter))}<br>"
            f"{name}: {each.text(found)} instead of {each.text(whole)}"
            for row, found in known
        ],
        "hoverinfo": "text",
    }
