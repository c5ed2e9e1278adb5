"""The tables of a sweep: its front and the effect of its axes."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from reports.atomic import write_text, written_whole
from reports.sweep.plan import Plan
from reports.sweep.points import FEASIBLE, MET, POINT
from reports.sweep.results import DOMINATED_BY, Results
from reports.table import Scalar, Table, render
from reports.tables import table_of
from simulator.sweep.axes import Column

if TYPE_CHECKING:
    import pandas

PARETO = "pareto.parquet"
SUMMARY = "summary.csv"
SENSITIVITY = "sensitivity.csv"


def save_tables(results: Results, folder: Path) -> None:
    """Write the front as Parquet and CSV, and the effects of the axes as CSV."""
    with written_whole(folder / PARETO) as partial:
        results.front.to_parquet(partial, index=False)
    said_of_all = [FEASIBLE, DOMINATED_BY, *(name for name in results.front.columns if name.startswith(MET))]
    write_text(folder / SUMMARY, results.front.drop(columns=said_of_all).to_csv(index=False))
    write_text(folder / SENSITIVITY, render(table_of(results.effects), "csv"))


def front_table(plan: Plan, results: Results, *, most: int | None = None) -> Table:
    """Return the front's points: their number, axes, objectives, and whether they fit; the first `most`."""
    axes = tuple(axis.name for axis in plan.sweep.axes)
    columns = (POINT, *axes, *plan.sweep.objectives, "fits")
    return _table(results.front[list(columns)].head(len(results.front) if most is None else most))


def _table(frame: "pandas.DataFrame") -> Table:
    columns = [_scalars(frame[name].to_numpy()) for name in frame]
    return Table(tuple(frame.columns), tuple(zip(*columns, strict=True)))


def _scalars(column: Column) -> list[Scalar]:
    """Return a column's values as Python's own; what is not a number is unknown."""
    return [None if isinstance(value, float) and math.isnan(value) else value for value in column.tolist()]
