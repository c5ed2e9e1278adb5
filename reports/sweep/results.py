"""What a sweep comes to: all points with what dominates them, the front, and the effect of each axis."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hwmodels.op_table import Bools, Floats, Ints
from hwmodels.units import unit_symbol
from reports.atomic import written_whole
from reports.sweep.folder import SweepFolder
from reports.sweep.plan import Plan, none_feasible
from reports.sweep.points import FEASIBLE, MET, POINT
from reports.units import quantity
from simulator.sweep.axes import Axis, Choices, Column
from simulator.sweep.effects import Effect, binned, effect
from simulator.sweep.front import dominators, on_front
from traces.errors import EdgeAsrError

if TYPE_CHECKING:
    import pandas
    import pyarrow

POINTS = "points.parquet"
DOMINATED_BY = "dominated_by"


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """The outcome of a sweep. Frames have the columns of `points.parquet`."""

    n_points: int
    """Points of the axes, those that a constraint rules out included."""
    n_costed: int
    n_feasible: int
    n_fitting: int
    """Feasible points that fit the chip's memories."""
    front: "pandas.DataFrame"
    """By the first objective."""
    effects: tuple[Effect, ...]


def collect(plan: Plan, folder: SweepFolder, *, n_chunks: int, n_points: int) -> Results:
    """Join the chunks of a folder to `points.parquet`, and return what they come to.

    The front is that of points which meet all constraints and fit the chip; of all that meet them where
    none fits. Points are read a column at a time, and written a chunk at a time.

    Raises:
        EdgeAsrError: if no point meets all constraints, or a chunk is damaged.
    """
    chunks = range(n_chunks)
    objectives = np.column_stack(
        [_column(folder, chunks, name).astype(np.float64) for name in plan.sweep.objectives]
    )
    feasible: Bools = _column(folder, chunks, FEASIBLE).astype(bool)
    if not feasible.any():
        raise EdgeAsrError(none_feasible(_met(folder, chunks)))
    fitting = feasible & _column(folder, chunks, "fits").astype(bool)
    takes_part = fitting if fitting.any() else feasible
    for name, values in zip(plan.sweep.objectives, objectives[takes_part].T, strict=True):
        if np.isnan(values).all():
            raise EdgeAsrError(
                f"objective {name}: is known at no point that meets all constraints; leave it out"
            )
    dominated_by = dominators(objectives, takes_part)
    _write_points(folder, chunks, dominated_by)
    return Results(
        n_points=n_points,
        n_costed=len(feasible),
        n_feasible=int(feasible.sum()),
        n_fitting=int(fitting.sum()),
        front=_front(
            folder, on_front(objectives, takes_part, dominated_by=dominated_by), plan.sweep.objectives
        ),
        effects=tuple(_effects(plan, folder, chunks, objectives, feasible)),
    )


def feasible_column(folder: SweepFolder, n_chunks: int, *, name: str) -> Column:
    """Return a column of the points that meet all constraints: (feasible points,)."""
    chunks = range(n_chunks)
    column: Column = _column(folder, chunks, name)[_column(folder, chunks, FEASIBLE).astype(bool)]
    return column


def _column(folder: SweepFolder, chunks: range, name: str) -> Column:
    parts = (folder.load(number, [name]).column(name).to_numpy() for number in chunks)
    column: Column = np.concatenate(tuple(parts))
    return column


def _met(folder: SweepFolder, chunks: range) -> dict[str, Bools]:
    names = [name for name in folder.load(chunks[0]).column_names if name.startswith(MET)]
    return {name.removeprefix(MET): _column(folder, chunks, name).astype(bool) for name in names}


def _write_points(folder: SweepFolder, chunks: range, dominated_by: Ints) -> None:
    """Write all points to one file, a row group per chunk."""
    import pyarrow.parquet

    schema = _with_dominators(folder, 0, dominated_by).schema
    with (
        written_whole(folder.path / POINTS) as partial,
        pyarrow.parquet.ParquetWriter(partial, schema) as writer,
    ):
        for number in chunks:
            writer.write_table(_with_dominators(folder, number, dominated_by))


def _with_dominators(folder: SweepFolder, number: int, dominated_by: Ints) -> "pyarrow.Table":
    table = folder.load(number)
    here = dominated_by[table.column(POINT).to_numpy()]
    return table.append_column(DOMINATED_BY, [here])


def _front(folder: SweepFolder, front: Bools, objectives: Sequence[str]) -> "pandas.DataFrame":
    import pandas
    import pyarrow.parquet

    file = pyarrow.parquet.ParquetFile(folder.path / POINTS)
    parts: list[pandas.DataFrame] = []
    for idx in range(file.num_row_groups):
        group: pandas.DataFrame = file.read_row_group(idx).to_pandas()
        parts.append(group[front[group[POINT].to_numpy()]])
    return pandas.concat(parts).sort_values(list(objectives), kind="stable").reset_index(drop=True)


def _effects(
    plan: Plan, folder: SweepFolder, chunks: range, objectives: Floats, feasible: Bools
) -> Iterator[Effect]:
    for axis in plan.sweep.axes:
        column = _column(folder, chunks, axis.name)[feasible]
        groups, labels, numbers = grouped(axis, column)
        for name, values in zip(plan.sweep.objectives, objectives[feasible].T, strict=True):
            found = effect(axis.name, name, values=values, groups=groups, labels=labels, numbers=numbers)
            if found is not None:
                yield found


def grouped(axis: Axis, column: Column) -> tuple[Ints, tuple[str, ...], Floats | None]:
    """Return points grouped along an axis: group of each, names of the groups, and the axis's numbers.

    Values of a list are groups of their own; those of a range are sorted into bins.
    """
    if column.dtype.kind != "f":
        names = tuple(map(str, axis.values)) if isinstance(axis, Choices) else ()
        return np.array([names.index(str(value)) for value in column], dtype=np.int64), names, None
    numbers = column.astype(np.float64)
    if isinstance(axis, Choices):
        values, groups = np.unique(numbers, return_inverse=True)
    else:
        groups, values = binned(numbers)
    unit = unit_symbol(axis.name)
    return groups, tuple(quantity(float(value), unit) for value in values), numbers
