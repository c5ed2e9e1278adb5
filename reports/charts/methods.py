"""Error rates by formats and method, a chart per corpus; the models are its frames."""

from reports.benchmark.grid import Grid, grids
from reports.benchmark.marks import MARK_SPREAD, Mark, axis_percent, method_marks
from reports.charts.chart import Chart, Frame, Spec, axis_title, frame, safe
from reports.charts.pareto import WER_TICKS
from reports.data import Accuracy, CellRow, StudyData
from reports.index import unique
from reports.json_value import Json
from reports.palette import MUTED
from reports.units import count, percent, points, size, spread

HEIGHT_PX = 460


def method_charts(study: StudyData) -> tuple[Chart, ...]:
    """Return a chart per corpus that a grid was measured on; none for a study without a grid."""
    found = grids(study.cells)
    return tuple(
        Chart(
            f"methods-{idx}",
            f"Word error rate on {corpus}",
            "Methods side by side within their formats, with 95 % intervals; line and band are float.",
            ("model",),
            tuple(_frame(grid) for grid in found if grid.corpus == corpus),
        )
        for idx, corpus in enumerate(unique(grid.corpus for grid in found))
    )


def _frame(grid: Grid) -> Frame:
    marks = method_marks(grid.methods)
    traces = [_method(grid, method, idx, marks[method]) for idx, method in enumerate(grid.methods)]
    layout: dict[str, Json] = {
        "height": HEIGHT_PX,
        "xaxis": {
            "tickvals": list(range(len(grid.formats))),
            "ticktext": [safe(name).replace("-", "-<br>", 1) for name in grid.formats],
            "range": [-0.5, len(grid.formats) - 0.5],
            "showgrid": False,
            "zeroline": False,
        },
        "yaxis": {
            "type": "log",
            "title": axis_title("word error rate, %"),
            "tickvals": WER_TICKS,
            "ticktext": [f"{value:g}" for value in WER_TICKS],
        },
    }
    if grid.reference and grid.reference.accuracy:
        layout["shapes"] = _float(grid.reference.accuracy)
    return frame(grid.model, traces, layout=layout)


def _method(grid: Grid, method: str, idx: int, mark: Mark) -> Spec:
    shift = MARK_SPREAD * ((idx + 0.5) / len(grid.methods) - 0.5)
    found = [(x, cell) for x, name in enumerate(grid.formats) if (cell := grid.cell(method, name))]
    rated = [(x + shift, cell, cell.accuracy) for x, cell in found if cell.accuracy]
    shown = [tuple(axis_percent(rate, acc.n_words) for rate in _rates(acc)) for _, _, acc in rated]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": safe(method),
        "x": [x for x, _, _ in rated],
        "y": [nominal for _, nominal, _ in shown],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [high - nominal for _, nominal, high in shown],
            "arrayminus": [nominal - low for low, nominal, _ in shown],
            "thickness": 1,
            "width": 0,
            "color": mark.colour.light,
        },
        "marker": {"color": mark.colour.light, "symbol": mark.plotly, "size": 7},
        "hovertext": [_hover(cell, accuracy) for _, cell, accuracy in rated],
        "hoverinfo": "text",
    }


def _float(accuracy: Accuracy) -> list[Spec]:
    low, nominal, high = (axis_percent(rate, accuracy.n_words) for rate in _rates(accuracy))
    across: Spec = {"xref": "paper", "x0": 0, "x1": 1, "layer": "below"}
    return [
        {**across, "type": "rect", "y0": low, "y1": high, "fillcolor": MUTED.light, "opacity": 0.15,
         "line": {"width": 0}},
        {**across, "type": "line", "y0": nominal, "y1": nominal, "line": {"color": MUTED.light, "width": 1}},
    ]  # fmt: skip


def _hover(cell: CellRow, accuracy: Accuracy) -> str:
    low, nominal, high = _rates(accuracy)
    lines = [
        f"<b>{safe(cell.formats)}, {safe(cell.method)}</b>",
        f"WER {percent(nominal)} [{spread(percent(low), percent(high))}]",
    ]
    if accuracy.wer_difference:
        lines.append(f"{points(accuracy.wer_difference.nominal)} points against float")
    lines.append(
        f"{size(cell.packed_bytes)} packed, {size(cell.memory_io_bytes)} moved, {count(cell.bops)} BOPs"
    )
    return "<br>".join(lines)


def _rates(accuracy: Accuracy) -> tuple[float, float, float]:
    return accuracy.wer.low, accuracy.wer.nominal, accuracy.wer.high
