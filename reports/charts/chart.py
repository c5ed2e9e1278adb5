"""An interactive chart as the page holds it, and the layout all charts share."""

import json
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from reports.palette import INK, MUTED, RULE

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

CLEAR = "rgba(0,0,0,0)"
"""Charts have no ground of their own: the page's shows through."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The chart for one selection; `key` is what the selectors spell, `figure_json` plotly's own form."""

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


def frame(key: str, figure: "Figure") -> Frame:
    """Return a frame in the page's fonts and light colours; the page maps those for dark.

    Floats keep five significant digits, which is finer than a screen and a third of the size.
    """
    axis = {
        "gridcolor": RULE.light,
        "linecolor": RULE.light,
        "zerolinecolor": RULE.light,
        "tickfont": {"color": MUTED.light, "size": 12},
        "title": {"font": {"color": MUTED.light, "size": 12}},
        "automargin": True,
    }
    figure.update_layout(
        template="none",
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        font={"family": "system-ui, sans-serif", "size": 12, "color": INK.light},
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
        hoverlabel={"align": "left", "font": {"size": 12}},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "font": {"size": 12}},
        hovermode="closest",
    )
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
    return Frame(key, json.dumps(_shortened(json.loads(figure.to_json())), separators=(",", ":")))


def safe(text: str) -> str:
    """Return a name as plotly shows it literally: its labels would read `<b>` as markup."""
    return escape(text, quote=False)


Json = bool | int | float | str | list["Json"] | dict[str, "Json"] | None


def _shortened(value: Json) -> Json:
    match value:
        case float():
            return float(f"{value:.5g}")
        case list():
            return [_shortened(item) for item in value]
        case dict():
            return {key: _shortened(item) for key, item in value.items()}
        case _:
            return value
