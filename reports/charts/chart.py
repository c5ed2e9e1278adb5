"""An interactive chart as the page holds it, and the layout all charts share.

Figures are written in plotly's own JSON and not through its Python classes, which take ten times as long;
a test passes each through their validation.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from reports.json_value import Json
from reports.palette import INK, MUTED, RULE

Spec = Mapping[str, Json]
"""One object of plotly's JSON: a trace, a layout, an axis."""

CLEAR = "rgba(0,0,0,0)"
"""Charts have no ground of their own: the page's shows through."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The chart for one selection: `key` is what the selectors spell; the JSON has `data` and `layout`."""

    key: str
    figure_json: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart of the page: `keys` names the selectors it follows, such as `chip`."""

    name: str
    title: str
    caption: str
    keys: tuple[str, ...]
    frames: tuple[Frame, ...]


def frame(key: str, traces: Sequence[Spec], *, layout: Spec) -> Frame:
    """Return a frame in the page's fonts and light colours; the page maps those for dark.

    Floats keep five significant digits, which is finer than a screen and a third of the size.
    """
    axes = {
        name: {**_AXIS, **value}
        for name, value in layout.items()
        if _is_axis(name) and isinstance(value, Mapping)
    }
    figure: Spec = {"data": traces, "layout": {**_LAYOUT, **layout, **axes}}
    return Frame(key, json.dumps(_shortened(figure), separators=(",", ":")))


def axis_title(text: str) -> Spec:
    """Return an axis's title in the charts' small grey."""
    return {"text": text, "font": {"color": MUTED.light, "size": 12}}


def safe(text: str) -> str:
    """Return a name as plotly shows it literally: its labels would read `<b>` as markup."""
    return escape(text, quote=False)


_AXIS: Spec = {
    "gridcolor": RULE.light,
    "linecolor": RULE.light,
    "zerolinecolor": RULE.light,
    "showline": True,
    "tickfont": {"color": MUTED.light, "size": 12},
    "automargin": True,
}
_LAYOUT: Spec = {
    "paper_bgcolor": CLEAR,
    "plot_bgcolor": CLEAR,
    "font": {"family": "system-ui, sans-serif", "size": 12, "color": INK.light},
    "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
    "hoverlabel": {"align": "left", "font": {"size": 12}},
    "legend": {
        "orientation": "h",
        "y": 1.02,
        "yanchor": "bottom",
        "x": 0,
        "font": {"size": 12},
        "traceorder": "normal",
    },
    "hovermode": "closest",
}


def _is_axis(name: str) -> bool:
    return name.startswith(("xaxis", "yaxis"))


def _shortened(value: Json) -> Json:
    match value:
        case bool() | str():
            return value
        case float():
            return float(f"{value:.5g}")
        case Mapping():
            return {key: _shortened(item) for key, item in value.items()}
        case Sequence():
            return [_shortened(item) for item in value]
        case _:
            return value
