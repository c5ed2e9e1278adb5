"""The page's structure: whole, self-contained, and safe with hostile names."""

import json
import re
from dataclasses import replace
from functools import lru_cache
from html.parser import HTMLParser

import pytest

from reports.data import Fact, StudyData
from reports.html import render_html
from reports.index import combination
from reports.shell import unpacked
from reports.study.assemble import empty_data
from tests.reports.synthetic import study
from tests.reports.synthetic_grid import CORPORA, FORMATS, METHODS, grid_study

BEST = {formats: ("rtn" if formats == "w8a8" else "hqq", "quik") for formats in FORMATS}
"""The most accurate of the methods that cost the same; quik costs more."""

HOSTILE = "<img src=x onerror=alert(1)>\"'&</script>"


class Page(HTMLParser):
    """Collects what a test asks of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.scripts: dict[str, str] = {}
        self.cells: list[str] = []
        self.follows: list[str] = []
        self._script: str | None = None
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.tags.append(tag)
        self._open.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action", "srcset")]
        if "data-follow" in named:
            self.follows.append(named["data-follow"] or "")
        if tag == "script":
            self._script = named.get("id") or "inline"
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._script = None
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            self.scripts[self._script] = self.scripts.get(self._script, "") + data
        elif self._open and self._open[-1] in ("td", "th") and self.cells:
            self.cells[-1] += data


@lru_cache(maxsize=1)
def html() -> str:
    return render_html(study())


def test_nothing_is_fetched() -> None:
    page = Page(html())
    assert page.links == ["data:,"]
    text = re.sub(r'<script type="text/plain".*?</script>', "", html(), flags=re.DOTALL)
    assert not re.search(r"https?:|@import|url\(", text)


def test_plotly_and_the_charts_are_inside() -> None:
    scripts = Page(html()).scripts
    assert unpacked(scripts["packed-plotly"]).startswith("/**\n* plotly.js v")
    charts = json.loads(unpacked(scripts["packed-charts"]))
    assert set(charts["charts"]) == {
        "pareto-latency", "pareto-energy", "pareto-size", "phases", "layers-latency", "layers-energy",
        "roofline",
    }  # fmt: skip
    assert charts["default"] in charts["combinations"]
    assert len(html()) < 4e6


def test_every_row_is_in_a_table() -> None:
    data, page = study(), Page(html())
    assert page.follows == [combination(row.model, row.recipe, chip=row.chip) for row in data.estimates]
    assert page.cells.count("not measured") == sum(1 for cell in data.cells if cell.accuracy is None)
    for row in data.provenance:
        assert row.key in page.cells
    for chip in data.chips:
        assert chip.title in html()
    assert data.notes[0] in html()
    assert data.manifest.command in html()


def test_a_grid_stands_in_tables_of_methods_and_formats() -> None:
    text = render_html(grid_study())
    page = Page(text)
    assert text.count('class="entries"') == 2 * len(CORPORA) + 2 + 2  # errors, costs and times of two models
    assert all(page.cells.count(method) == 2 * len(CORPORA) + 2 for method in METHODS if method != "quik")
    summary = text[text.index('id="summary"') : text.index('id="fits"')]
    shown = {cell for cell in Page(summary).cells if "+" in cell and cell.startswith("w")}
    assert shown == {f"{formats}+{best}" for formats in FORMATS for best in BEST[formats]}
    assert len(text) < 4e6


def test_a_study_without_chips_speaks_of_none() -> None:
    text = render_html(grid_study(chips=False))
    plain = re.sub(r"<s(cript|tyle).*?</s(cript|tyle)>", "", text, flags=re.DOTALL)
    assert not re.search(
        r"atency|nergy|[Ff]its|chip", plain.replace("before any chip", "").replace("no chips", "")
    )
    assert json.loads(unpacked(Page(text).scripts["packed-charts"]))["default"] == "whisper-micro\n\n"


def test_equal_studies_give_equal_bytes() -> None:
    assert render_html(study()) == html()


def test_hostile_names_stay_text() -> None:
    data = study()
    first = data.cells[0].model
    cells = tuple(replace(c, model=HOSTILE if c.model == first else c.model) for c in data.cells)
    estimates = tuple(replace(c, model=HOSTILE if c.model == first else c.model) for c in data.estimates)
    layers = tuple(
        replace(c, model=HOSTILE if c.model == first else c.model, note=HOSTILE) for c in data.layers
    )
    hostile = replace(
        data,
        cells=cells,
        estimates=estimates,
        layers=layers,
        notes=(HOSTILE,),
        manifest=replace(data.manifest, name=HOSTILE, command=HOSTILE, versions=(Fact(HOSTILE, HOSTILE),)),
    )
    page, plain = Page(render_html(hostile)), Page(html())
    assert "img" not in page.tags
    assert page.tags.count("script") == plain.tags.count("script") == 3
    frames = json.loads(unpacked(page.scripts["packed-charts"]))["charts"]["pareto-latency"]["frames"]
    assert all("<img" not in text for text in frames.values())


@pytest.mark.parametrize("what", ["no rows", "no rates", "no layers", "no points"])
def test_incomplete_studies_render(what: str) -> None:
    data: StudyData = study()
    match what:
        case "no rows":
            data = empty_data()
        case "no rates":
            data = replace(data, cells=tuple(replace(cell, accuracy=None) for cell in data.cells))
        case "no layers":
            data = replace(data, layers=(), phases=())
        case "no points":
            data = replace(data, points=(), ceilings=(), bandwidths=())
    assert "</html>" in render_html(data)
