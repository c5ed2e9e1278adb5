"""A page as one HTML file that needs no network: style, charts and plotly itself inside.

A page's template extends `shell.html.j2`. Charts that follow selectors have a frame per combination of a
model, a recipe and a chip; a chart that follows none has one frame, of key "".
"""

import base64
import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

from reports.charts.chart import Chart
from reports.palette import ACCENT, INK, MUTED, PANEL, PAPER, RULE, SERIES, VERMILION, Colour, dark_by_light

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


def render_page(
    template: str,
    *,
    charts: tuple[Chart, ...],
    combinations: tuple[str, ...] = (),
    default: str = "",
    **context: object,
) -> str:
    """Return a whole page; equal inputs give equal bytes.

    The template sees `charts` by name, and `context`. `combinations` are what the selectors can spell,
    `default` the one that is shown first.
    """
    return (
        _environment()
        .get_template(template)
        .render(
            charts={chart.name: chart for chart in charts},
            light=_variables(dark=False),
            dark=_variables(dark=True),
            packed_plotly=_packed(_plotly()),
            packed_charts=_packed(_chart_json(charts, combinations, default)),
            **context,
        )
    )


def unpacked(text: str) -> str:
    """Return what the page's packed scripts hold; the inverse of what the page does when it opens."""
    return gzip.decompress(base64.b64decode(text)).decode()


def _packed(text: str) -> str:
    """Return gzip in base64, a third of plotly's size; `mtime=0` keeps equal pages equal in bytes."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def _chart_json(charts: tuple[Chart, ...], combinations: tuple[str, ...], default: str) -> str:
    return json.dumps(
        {
            "default": default,
            "combinations": combinations,
            "dark": dark_by_light(),
            "charts": {
                chart.name: {
                    "keys": chart.keys,
                    "frames": {frame.key: frame.figure_json for frame in chart.frames},
                }
                for chart in charts
            },
        }
    )


def _variables(*, dark: bool) -> str:
    """Return the CSS custom properties of one colour scheme."""
    named: dict[str, Colour] = {
        "ink": INK,
        "muted": MUTED,
        "rule": RULE,
        "paper": PAPER,
        "panel": PANEL,
        "accent": ACCENT,
        "warn": VERMILION,
    }
    named |= {f"series-{idx}": colour for idx, colour in enumerate(SERIES)}
    return "".join(f"--{name}:{colour.dark if dark else colour.light};" for name, colour in named.items())


def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
