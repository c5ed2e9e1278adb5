"""What the page of a sweep shows of its points: a readable number of them, and the best of every cell."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hwmodels.op_table import Floats
from reports.sweep.folder import SweepFolder
from reports.sweep.plan import Plan
from reports.sweep.points import FEASIBLE
from reports.sweep.results import Results, feasible_column, grouped

if TYPE_CHECKING:
    import pandas

LEAST_SHARE = 1e-6
"""Of the variance; below it an axis does nothing."""
MOST_SHOWN = 2000
"""Points off the front that the charts show, drawn evenly from all."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The best value of an objective over two axes: `best` is (rows, columns), NaN where no point is."""

    objective: str
    across: str
    upward: str
    across_labels: tuple[str, ...]
    upward_labels: tuple[str, ...]
    best: Floats


def shown_points(folder: SweepFolder, n_chunks: int, *, n_feasible: int) -> "pandas.DataFrame":
    """Return every n-th feasible point, in order, n such that at most `MOST_SHOWN` remain."""
    import pandas

    step = -(-n_feasible // MOST_SHOWN)
    parts: list[pandas.DataFrame] = []
    seen = 0
    for number in range(n_chunks):
        frame: pandas.DataFrame = folder.load(number).to_pandas()
        frame = frame[frame[FEASIBLE]]
        parts.append(frame.iloc[(-seen) % step :: step])
        seen += len(frame)
    return pandas.concat(parts, ignore_index=True)


def heat_cells(plan: Plan, folder: SweepFolder, *, results: Results, n_chunks: int) -> tuple[Cells, ...]:
    """Return each objective's best values over the two axes that move it most; none for a single axis."""
    axes = {axis.name: axis for axis in plan.sweep.axes}
    found = []
    for objective in plan.sweep.objectives:
        effects = [each for each in results.effects if each.objective == objective]
        ranked = sorted(effects, key=lambda each: -each.variance_share)
        varying = [each.axis for each in ranked if each.variance_share > LEAST_SHARE]
        if len(varying) < 2:
            continue
        across, upward = varying[:2]
        values = feasible_column(folder, n_chunks, name=objective)
        columns, names, _ = grouped(axes[across], feasible_column(folder, n_chunks, name=across))
        rows, others, _ = grouped(axes[upward], feasible_column(folder, n_chunks, name=upward))
        best = np.full((len(others), len(names)), np.inf)
        np.minimum.at(best, (rows, columns), values)
        best[np.isinf(best)] = np.nan
        found.append(Cells(objective, across, upward, names, others, best))
    return tuple(found)
