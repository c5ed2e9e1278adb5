"""The report as one HTML file that needs no network: templates, styles, charts and plotly itself inside."""

import base64
import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

from reports.benchmark.tables import model_tables
from reports.charts.chart import Chart
from reports.charts.layers import layer_charts
from reports.charts.methods import method_charts
from reports.charts.pareto import pareto_charts
from reports.charts.phases import phase_chart
from reports.charts.roofline import roofline_chart
from reports.data import StudyData
from reports.index import chip_names, main_corpus, models, unique
from reports.page import (
    accuracy_lines,
    bottleneck_tables,
    combinations,
    cost_lines,
    estimate_lines,
    legend,
    misfit_lines,
    provenance_lines,
    summary_lines,
)
from reports.palette import (
    ACCENT,
    INK,
    MUTED,
    PANEL,
    PAPER,
    RULE,
    SERIES,
    VERMILION,
    Colour,
    dark_by_light,
)
from reports.provenance import kind_counts
from reports.units import seconds
from reports.verdict import first_shown, verdicts

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


def render_html(study: StudyData) -> str:
    """Return the whole page; equal studies give equal bytes."""
    found = verdicts(study)
    keys = combinations(study)
    by_method = method_charts(study)
    charts = (
        *by_method,
        *pareto_charts(study),
        phase_chart(study),
        *layer_charts(study),
        roofline_chart(study),
    )
    per_chip = {
        chip: tuple(row for row in study.provenance if row.chip == chip) for chip in chip_names(study)
    }
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            study=study,
            manifest=study.manifest,
            chips=study.chips,
            models=models(study),
            recipes=unique(cell.recipe for cell in study.cells),
            costed_recipes=unique(row.recipe for row in study.estimates),
            by_method=by_method,
            benchmark=model_tables(study.cells),
            corpus=main_corpus(study),
            utterances=study.estimates[0].utterances if study.estimates else None,
            verdicts=found,
            legend=legend(study),
            charts={chart.name: chart for chart in charts},
            summary=summary_lines(study),
            estimates=estimate_lines(study),
            accuracy=accuracy_lines(study),
            counts=cost_lines(study),
            misfits=misfit_lines(study),
            bottlenecks=bottleneck_tables(study),
            provenance={chip: provenance_lines(rows) for chip, rows in per_chip.items()},
            kinds={chip: kind_counts(rows) for chip, rows in per_chip.items()},
            took=seconds(study.manifest.duration_s),
            light=_variables(dark=False),
            dark=_variables(dark=True),
            packed_plotly=_packed(_plotly()),
            packed_charts=_packed(_chart_json(charts, keys, first_shown(found) or "".join(keys[:1]))),
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


def _chart_json(charts: tuple[Chart, ...], keys: tuple[str, ...], default: str) -> str:
    return json.dumps(
        {
            "default": default,
            "combinations": keys,
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
