"""Latency and energy of each layer, stacked by what they are made of."""

from collections.abc import Callable
from dataclasses import dataclass

from reports.charts.chart import Chart, Frame, Spec, axis_title, frame, safe
from reports.data import LayerRow, Part, StudyData
from reports.folding import folded, layer_labels, value_of
from reports.index import layers_by_combination
from reports.palette import Colour, terms
from reports.units import axis_unit, joules, percent, seconds

MOST_LAYERS = 28
"""Bars a chart shows; the rest is summed into one more."""

ROW_HEIGHT_PX = 20


@dataclass(frozen=True, slots=True)
class Quantity:
    """What is stacked, in SI base units."""

    name: str
    title: str
    unit: str
    parts: Callable[[LayerRow], tuple[Part, ...]]
    total: Callable[[LayerRow], float]
    text: Callable[[float], str]


QUANTITIES = (
    Quantity(
        "latency",
        "Latency by layer",
        "s",
        lambda row: row.latency_terms_s,
        lambda row: row.latency_s,
        seconds,
    ),
    Quantity(
        "energy",
        "Energy by layer",
        "J",
        lambda row: row.energy_terms_j,
        lambda row: row.energy_j,
        joules,
    ),
)


def layer_charts(study: StudyData) -> tuple[Chart, ...]:
    """Return a latency and an energy chart, with a frame per model, recipe and chip."""
    shown = {key: folded(rows, most=MOST_LAYERS) for key, rows in layers_by_combination(study).items()}
    return tuple(
        Chart(
            f"layers-{quantity.name}",
            quantity.title,
            "In network order; decode is summed over its steps. Hidden (overlapped) time is not drawn."
            if quantity.name == "latency"
            else "In network order; static is the chip's standing power over the layer's latency.",
            ("model", "recipe", "chip"),
            tuple(
                stacked(key, rows, labels=layer_labels(rows), quantity=quantity)
                for key, rows in shown.items()
            ),
        )
        for quantity in QUANTITIES
    )


def stacked(key: str, rows: tuple[LayerRow, ...], *, labels: tuple[str, ...], quantity: Quantity) -> Frame:
    """Return a bar per row, under its label, stacked from the parts of a quantity."""
    names = tuple(dict.fromkeys(part.name for row in rows for part in quantity.parts(row)))
    scale, unit = axis_unit(max((quantity.total(row) for row in rows), default=0.0), quantity.unit)
    return frame(
        key,
        [_bars(rows, labels, quantity, name, colour, scale) for name, colour in terms(names).items()],
        layout={
            "barmode": "stack",
            "bargap": 0.25,
            "height": 90 + ROW_HEIGHT_PX * len(rows),
            "xaxis": {"title": axis_title(f"{unit} per utterance"), "rangemode": "tozero"},
            "yaxis": {"autorange": "reversed", "type": "category", "showgrid": False},
        },
    )


def _bars(
    rows: tuple[LayerRow, ...],
    labels: tuple[str, ...],
    quantity: Quantity,
    name: str,
    colour: Colour,
    scale: float,
) -> Spec:
    values = [value_of(quantity.parts(row), name) for row in rows]
    whole = sum(quantity.total(row) for row in rows) or 1.0
    return {
        "type": "bar",
        "orientation": "h",
        "name": safe(name),
        "x": [value * scale for value in values],
        "y": [safe(label) for label in labels],
        "marker": {"color": colour.light, "line": {"width": 0}},
        "visible": any(values),
        "hovertext": [
            f"<b>{safe(row.phase)} {safe(row.layer)}</b><br>"
            f"{safe(name)} {quantity.text(value)} of {quantity.text(quantity.total(row))}<br>"
            f"{percent(quantity.total(row) / whole)} of the utterance"
            for row, value in zip(rows, values, strict=True)
        ],
        "hoverinfo": "text",
    }
