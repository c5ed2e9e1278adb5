"""Costing the points of a sweep, chunk by chunk, each kept as soon as it is finished."""

from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from hwmodels.op_table import Floats
from reports.sweep.chunk import Chunk, cost_chunk
from reports.sweep.folder import SweepFolder
from reports.sweep.plan import Plan, feasible_points
from simulator.sweep.space import blocks
from traces.executing import finished
from traces.progress import Progress

if TYPE_CHECKING:
    import pyarrow

TASK = "chunks of points"
POINT = "point"
FEASIBLE = "feasible"
MET = "met: "
"""Before a constraint's text, the name of the column that says where it holds."""


def cost_points(
    plan: Plan, folder: SweepFolder, *, progress: Progress, executor: Executor | None
) -> tuple[int, int]:
    """Cost all points that the folder does not hold yet; return how many chunks and points there are.

    The count of points includes those that a constraint rules out beforehand.

    Raises:
        EdgeAsrError: if no point meets the constraints, a point cannot be costed, or the executor is gone.
    """
    points, n_points = feasible_points(plan)
    size = plan.sweep.chunk_points
    starts = range(0, len(points), size)

    def missing() -> Iterator[Chunk]:
        for number, start in enumerate(starts):
            if not folder.holds(number):
                yield chunk_of(plan, number, points=points[start : start + size])

    done = sum(folder.holds(number) for number in range(len(starts)))
    progress(TASK, done, len(starts))
    for chunk, costs in finished(cost_chunk, missing(), executor=executor):
        start = chunk.number * size
        folder.save(chunk.number, table_of(plan, start, points=points[start : start + size], costs=costs))
        done += 1
        progress(TASK, done, len(starts))
    return len(starts), n_points


def chunk_of(plan: Plan, number: int, *, points: Floats) -> Chunk:
    """Return some points as a job, given their coordinates: (points, axes)."""
    return Chunk(number, len(points), blocks(plan.space, points))


def table_of(plan: Plan, start: int, *, points: Floats, costs: Mapping[str, Floats]) -> "pyarrow.Table":
    """Return costed points as rows: number, axes, costs, definitions, which constraints hold."""
    import pyarrow

    values = plan.values(points, costs)
    met = plan.met(values, points)
    derived = {name: values[name] for name in ("wer", *dict(plan.sweep.define)) if name in values}
    return pyarrow.table(
        {
            POINT: np.arange(start, start + len(points)),
            **plan.space.columns(points),
            **costs,
            "fits": costs["excess_bytes"] <= 0,
            **derived,
            **{f"{MET}{text}": held for text, held in met.items()},
            FEASIBLE: reduce(np.logical_and, met.values()),
        }
    )
