"""One recogniser on many chips: bound once, all its phases costed in one call per chip."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from hwmodels.chip import Chip
from hwmodels.cost_table import Interval
from hwmodels.model import cost, start_of_inference
from hwmodels.op_table import Bools, Floats, OpTable
from hwmodels.overrides import SOURCE
from hwmodels.placement import Placement
from hwmodels.quantity import Quantity
from simulator.place import place
from simulator.utterances import Utterance
from simulator.walk import bound_phases
from traces.errors import unknown_name
from traces.workload import Phase, Workload


@dataclass(frozen=True, slots=True)
class Task:
    """The mean utterance of a recogniser, with nothing of a chip in it."""

    phases: tuple[Phase, ...]
    tables: tuple[OpTable, ...]
    """One per phase."""
    joined: OpTable
    """The rows of all phases."""
    runs: tuple[Floats, ...]
    """How often the mean utterance runs each row of a phase: (rows of the phase,) each."""
    starts: tuple[float, ...]
    """How often it starts each phase."""


@dataclass(frozen=True, slots=True)
class ChipCosts:
    """The mean utterance on each chip: intervals of arrays (chips,), in the order the chips were given."""

    latency_s: Interval
    energy_j: Interval
    phases: tuple[Phase, ...]
    phase_latency_s: Floats
    """(phases, chips), nominal: what each phase takes of the latency, starting it included."""
    excess_bytes: Floats
    """(chips,): by how much the worst op exceeds the memory it is placed in; 0 where everything fits."""

    @property
    def fits(self) -> Bools:
        """Whether every op fits the memory it is placed in: (chips,)."""
        fits: Bools = self.excess_bytes <= 0
        return fits


def task(workload: Workload, utterances: tuple[Utterance, ...]) -> Task:
    """Return the mean of some utterances, ready to be costed on any chip.

    Raises:
        EdgeAsrError: if there are no utterances, or a graph uses a symbol that is none of a workload's.
    """
    bound = bound_phases(workload, utterances)
    runs = tuple(
        np.bincount(
            phase.row_of.ravel(),
            weights=np.broadcast_to(when.mean_runs(), phase.row_of.shape).ravel(),
            minlength=phase.ops.n_rows,
        ).astype(np.float64)
        for _, phase, when in bound
    )
    tables = tuple(phase.ops for _, phase, _ in bound)
    return Task(
        phases=tuple(phase for phase, _, _ in bound),
        tables=tables,
        joined=OpTable.joined(tables),
        runs=runs,
        starts=tuple(float(when.mean_runs().sum()) for _, _, when in bound),
    )


def cost_on_variants(work: Task, chip: Chip, varied: Mapping[str, Floats]) -> ChipCosts:
    """Return what the task costs on variants of one chip, as `estimate` has it for the mean utterance.

    `varied`: key path, as `Chip.quantities` names it -> the number of each variant in SI base units:
    (variants,). A varied number is exact: it has no range. Everything else is as in `chip`; nothing varied is
    one variant.

    Raises:
        EdgeAsrError: if a path is none of the chip's, the arrays differ in length, or the chip has neither a
            rate nor a fallback for an op.
    """
    known = dict(chip.quantities())
    for path in varied:
        if path not in known:
            raise unknown_name(f"number of chip {chip.name}", path, known)
    variants = np.broadcast_arrays(*varied.values())
    chips = []
    for values in zip(*variants, strict=True) if varied else ((),):
        variant = chip
        for path, value in zip(varied, values, strict=True):
            variant = variant.with_quantity(path, Quantity.exact(float(value), "assumed", SOURCE))
        chips.append(variant)
    return cost_on_chips(work, tuple(chips))


def cost_on_chips(work: Task, chips: tuple[Chip, ...]) -> ChipCosts:
    """Return what the task costs on each chip, as `estimate` has it for the mean utterance.

    Raises:
        EdgeAsrError: if a chip has neither a rate nor a fallback for an op.
    """
    n_phases = len(work.phases)
    found = [_phase_costs(work, chip) for chip in chips]
    costs = np.array([each for each, _ in found]).reshape(-1, 2, 3, n_phases)
    latency_s, energy_j = (Interval(*costs[:, which].sum(axis=2).T) for which in range(2))
    return ChipCosts(
        latency_s,
        energy_j,
        phases=work.phases,
        phase_latency_s=costs[:, 0, 1].T,
        excess_bytes=np.array([excess for _, excess in found]),
    )


def _phase_costs(work: Task, chip: Chip) -> tuple[Floats, float]:
    """Return low, nominal and high of latency and energy by phase, (2, 3, phases), and the excess bytes."""
    placement = Placement.joined([place(ops, chip) for ops in work.tables])
    found, start = cost(work.joined, placement, chip), start_of_inference(chip)
    ends = np.cumsum([ops.n_rows for ops in work.tables])[:-1]
    costs = [
        [
            [
                float(runs @ rows) + starts * float(getattr(once, bound.name))
                for runs, rows, starts in zip(
                    work.runs, np.split(getattr(per_row, bound.name), ends), work.starts, strict=True
                )
            ]
            for bound in fields(Interval)
        ]
        for per_row, once in ((found.latency_s, start.latency_s), (found.energy_j, start.energy_j))
    ]
    return np.array(costs), float(found.excess_bytes.max(initial=0.0))
