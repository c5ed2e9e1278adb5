"""Charts against plotly's own validation, and against the rows they draw."""

import json
from dataclasses import replace

import plotly.graph_objects as go
import pytest

from reports.charts.chart import Chart, safe
from reports.charts.layers import layer_charts
from reports.charts.pareto import pareto_charts
from reports.charts.phases import phase_chart
from reports.charts.roofline import roofline_chart
from reports.data import BandwidthRow, CeilingRow, StudyData
from reports.index import combination
from reports.palette import dark_by_light
from reports.roofs import intensity_span, roofs
from tests.reports.synthetic import study

DATA = study()
CHARTS = (*pareto_charts(DATA), phase_chart(DATA), *layer_charts(DATA), roofline_chart(DATA))


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
def test_plotly_accepts_every_property(chart: Chart) -> None:
    for frame in chart.frames[:3]:
        assert go.Figure(json.loads(frame.figure_json)).data


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
def test_there_is_a_frame_per_selection(chart: Chart) -> None:
    named = [
        "\n".join({"model": row.model, "recipe": row.recipe, "chip": row.chip}[key] for key in chart.keys)
        for row in DATA.estimates
    ]
    assert [frame.key for frame in chart.frames] == list(dict.fromkeys(named)) or chart.keys == (
        "model",
        "chip",
    )
    assert {frame.key for frame in chart.frames} == set(named)


def test_every_colour_has_a_dark_form() -> None:
    known = dark_by_light()
    assert len(set(known.values())) == len(known)
    for chart in CHARTS:
        text = chart.frames[0].figure_json
        used = {text[at : at + 7] for at in range(len(text)) if text[at] == "#"}
        assert used <= set(known), chart.name


def bars_s(data: StudyData, chart_idx: int, key: str) -> float:
    chart = layer_charts(data)[chart_idx]
    figure = json.loads(next(frame for frame in chart.frames if frame.key == key).figure_json)
    return float(sum(sum(trace["x"]) for trace in figure["data"]))


def test_stacked_layers_sum_to_the_estimate() -> None:
    row = next(row for row in DATA.estimates if row.model == "whisper-small")
    key = combination(row.model, row.recipe, chip=row.chip)
    assert bars_s(DATA, 0, key) == pytest.approx(row.latency_s.nominal * 1e3, rel=1e-3)
    assert bars_s(DATA, 1, key) == pytest.approx(row.energy_j.nominal * 1e3, rel=1e-3)


def test_every_cell_is_in_the_pareto_charts() -> None:
    chart = pareto_charts(DATA)[0]
    for frame in chart.frames:
        marks = [trace for trace in json.loads(frame.figure_json)["data"] if trace["mode"] == "markers"]
        assert sum(len(trace["x"]) for trace in marks) == len(DATA.cells)
        strips = [trace for trace in marks if trace["yaxis"] == "y2"]
        assert {trace["name"] for trace in strips} == {"whisper-tiny", "whisper-small", "moonshine-tiny"}


def test_a_rate_of_zero_has_a_place_on_the_logarithmic_axis() -> None:
    cells = []
    for cell in DATA.cells:
        accuracy = cell.accuracy
        if accuracy is not None:
            accuracy = replace(accuracy, wer=replace(accuracy.wer, low=0.0, nominal=0.0))
        cells.append(replace(cell, accuracy=accuracy))
    for chart in pareto_charts(replace(DATA, cells=tuple(cells))):
        for trace in json.loads(chart.frames[0].figure_json)["data"]:
            assert all(value > 0 for value in trace["y"] if isinstance(value, float))


def test_a_study_without_rates_still_draws() -> None:
    unmeasured = replace(DATA, cells=tuple(replace(cell, accuracy=None) for cell in DATA.cells))
    for chart in pareto_charts(unmeasured):
        assert go.Figure(json.loads(chart.frames[0].figure_json)).data


def test_names_are_text_and_not_markup() -> None:
    assert safe("<b>&") == "&lt;b&gt;&amp;"


def test_roofs_meet_where_bandwidth_times_intensity_is_the_peak() -> None:
    flat, slanted = roofs(
        (CeilingRow("c", "matrix", "int8 x int8", 1e12),),
        (BandwidthRow("c", "dram", 1e10),),
        low=1.0,
        high=1e4,
    )
    assert (flat.rate_low, flat.rate_high) == (1e12, 1e12)
    assert (slanted.intensity_low, slanted.rate_low) == (1.0, 1e10)
    assert (slanted.intensity_high, slanted.rate_high) == (100.0, 1e12)


def test_ceilings_that_would_overprint_share_a_line() -> None:
    rows = tuple(
        CeilingRow("c", "matrix", name, peak)
        for name, peak in (("int8 x int8", 1e9), (" x ", 1e9), (" x int16", 5e8))
    )
    lines = roofs(rows, (), low=1.0, high=10.0)
    assert [line.label.split(",")[0] for line in lines] == ["matrix int8 x int8 +1", "matrix any x int16"]


def test_the_span_covers_the_points_in_whole_decades() -> None:
    assert intensity_span([0.5, 20.0], (), bandwidths=()) == (0.01, 1000.0)
    ceiling, bandwidth = CeilingRow("c", "matrix", "int8 x int8", 1e12), BandwidthRow("c", "dram", 1e8)
    low, high = intensity_span([0.5], (ceiling,), bandwidths=(bandwidth,))
    assert low <= 0.5
    assert high > 1e12 / 1e8
