import json

import numpy as np
import pandas
import plotly.graph_objects as go
import pytest

from hwmodels.op_table import Floats
from reports.palette import dark_by_light
from reports.sweep.charts import effects_chart, heat_charts, is_log, parallel_chart, pareto_charts, short
from reports.sweep.folder import SweepFolder
from reports.sweep.run import SweepResult, run_sweep
from reports.sweep.view import MOST_SHOWN, heat_cells, shown_points
from simulator.sweep.axes import Choices
from tests.reports.sweep.sweeps import loaded, points_of


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> SweepResult:
    folder = tmp_path_factory.mktemp("sweep")
    return run_sweep(loaded(folder), folder / "run")


def others(done: SweepResult) -> pandas.DataFrame:
    return shown_points(SweepFolder(done.folder), 4, n_feasible=done.results.n_feasible)


def test_plotly_accepts_every_property_and_dark_knows_every_colour(done: SweepResult) -> None:
    points = others(done)
    charts = (
        *pareto_charts(done.plan, done.results, others=points),
        effects_chart(done.plan, done.results),
        *heat_charts(heat_cells(done.plan, SweepFolder(done.folder), results=done.results, n_chunks=4)),
        parallel_chart(done.plan, done.results, others=points),
    )
    assert [chart.name for chart in charts] == [
        "pareto-0", "pareto-1", "effects", "heat-0", "heat-1", "parallel",
    ]  # fmt: skip
    for chart in charts:
        (only,) = chart.frames
        assert go.Figure(json.loads(only.figure_json)).data
        colours = {part[:7] for part in only.figure_json.split('"') if part.startswith("#")}
        assert colours <= set(dark_by_light())


def test_a_cell_is_the_best_of_its_points(done: SweepResult) -> None:
    points = points_of(done.folder)
    found = heat_cells(done.plan, SweepFolder(done.folder), results=done.results, n_chunks=4)
    assert found
    for cells in found:
        best = points.groupby([cells.upward, cells.across])[cells.objective].min().unstack()
        values = {axis.name: axis.values for axis in done.plan.sweep.axes if isinstance(axis, Choices)}
        columns = [value for value in values[cells.across] if value in best.columns]
        rows = [value for value in values[cells.upward] if value in best.index]
        np.testing.assert_array_equal(cells.best, best.loc[rows, columns].to_numpy())


def test_few_points_are_all_shown_and_many_are_thinned_evenly(done: SweepResult) -> None:
    assert len(others(done)) == 16
    thinned = shown_points(SweepFolder(done.folder), 4, n_feasible=3 * MOST_SHOWN)
    assert thinned["point"].tolist() == [0, 3, 6, 9, 12, 15]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("levels.sram.size_bytes", "sram.size"),
        ("rates.dense-int8.per_cycle", "dense-int8"),
        ("units.array.clock_hz", "array.clock"),
        ("latency_s", "latency"),
        ("weight:*.fc<1>", "fc&lt;1&gt;"),
    ],
)
def test_labels_are_short_and_literal(name: str, label: str) -> None:
    assert short(name) == label


@pytest.mark.parametrize(
    ("values", "expected"), [([1.0, 4.0], True), ([1.0, 2.0], False), ([0.0, 9.0], False), ([], False)]
)
def test_factors_call_for_a_logarithmic_axis(values: list[float], expected: bool) -> None:
    numbers: Floats = np.array(values)
    assert is_log(numbers) == expected


def test_the_page_says_what_was_left_out_and_what_decides(done: SweepResult) -> None:
    page = done.report.read_text()
    assert "8 of 24 points were not costed: a constraint rules them out" in page
    assert "Area proxy" not in page
    assert "Area is decided most by levels.sram.size_bytes: 100.0" in page
