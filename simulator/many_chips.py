"""One recogniser on many chips: bound once, all its phases costed in one call per chip."""

from dataclasses import dataclass

import numpy as np

from hwmodels.chip import Chip
from hwmodels.cost_table import Interval
from hwmodels.model import cost, start_of_inference
from hwmodels.op_table import Floats, OpTable
from hwmodels.placement import Placement
from simulator.place import place
from simulator.utterances import Utterance
from simulator.walk import bound_phases
from traces.workload import Workload


@dataclass(frozen=True, slots=True)
class Task:
    """The mean utterance of a recogniser, with nothing of a chip in it."""

    phases: tuple[OpTable, ...]
    joined: OpTable
    """The rows of all phases."""
    runs: Floats
    """How often the mean utterance runs each row: (rows,)."""
    starts: float
    """How often it starts a phase."""


@dataclass(frozen=True, slots=True)
class ChipCosts:
    """The mean utterance on each chip: intervals of arrays (chips,)."""

    latency_s: Interval
    energy_j: Interval


def task(workload: Workload, utterances: tuple[Utterance, ...]) -> Task:
    """Return the mean of some utterances, ready to be costed on any chip.

    Raises:
        EdgeAsrError: if there are no utterances, or a graph uses a symbol that is none of a workload's.
    """
    bound = bound_phases(workload, utterances)
    runs = [
        np.bincount(
            phase.row_of.ravel(),
            weights=np.broadcast_to(when.mean_runs(), phase.row_of.shape).ravel(),
            minlength=phase.ops.n_rows,
        )
        for _, phase, when in bound
    ]
    tables = tuple(phase.ops for _, phase, _ in bound)
    starts = sum(float(when.mean_runs().sum()) for _, _, when in bound)
    return Task(tables, OpTable.joined(tables), np.concatenate(runs), starts)


def cost_on_chips(work: Task, chips: tuple[Chip, ...]) -> ChipCosts:
    """Return latency and energy of the task on each chip, as `estimate` has them for the mean utterance.

    Raises:
        EdgeAsrError: if a chip has neither a rate nor a fallback for an op.
    """
    totals = np.array([_totals(work, chip) for chip in chips]).reshape(-1, 2, 3)
    latency_s, energy_j = (Interval(*totals[:, which].T) for which in range(2))
    return ChipCosts(latency_s, energy_j)


def _totals(work: Task, chip: Chip) -> Floats:
    """Return low, nominal and high of latency and energy: (2, 3)."""
    placement = Placement.joined([place(ops, chip) for ops in work.phases])
    found, start = cost(work.joined, placement, chip), start_of_inference(chip)
    return np.array(
        [
            [
                float(work.runs @ rows) + work.starts * float(once)
                for rows, once in zip(per_row, fixed, strict=True)
            ]
            for per_row, fixed in (
                (_bounds(found.latency_s), _bounds(start.latency_s)),
                (_bounds(found.energy_j), _bounds(start.energy_j)),
            )
        ]
    )


def _bounds(interval: Interval) -> tuple[Floats, Floats, Floats]:
    return interval.low, interval.nominal, interval.high
