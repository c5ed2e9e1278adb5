"""One recogniser on many chips: bound once, and costed on all variants of a chip at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from hwmodels.chip import Chip
from hwmodels.cost_table import Interval
from hwmodels.interval import interval
from hwmodels.op_table import Bools, Floats, Ints, OpTable
from hwmodels.placement import Placement
from hwmodels.quantity import NOMINAL
from hwmodels.terms import start_terms, terms
from hwmodels.variants import with_varied
from simulator.bind import Bound
from simulator.place import place
from simulator.stored import StoredWeights
from simulator.utterances import Schedule, Utterance
from simulator.walk import bound_phases
from traces.workload import Phase, Workload

CHUNK_NUMBERS = 2**18
"""Most numbers of one array (3 corners, chips, rows) at a time: more are no faster, fewer are slower."""


@dataclass(frozen=True, slots=True)
class Task:
    """The mean utterance of a recogniser, with nothing of a chip in it."""

    phases: tuple[tuple[Phase, Bound, Schedule], ...]
    joined: OpTable
    """The rows of all phases."""
    ends: Ints
    """Where the rows of each phase but the last end."""
    weights: StoredWeights

    def placed(self, chip: Chip) -> Placement:
        """Return where the operands of all rows live, each phase placed on its own."""
        beyond_bytes = self.weights.beyond_packed_bytes(chip)
        return Placement.joined(
            [place(bound.ops, chip, beyond_packed_bytes=beyond_bytes) for _, bound, _ in self.phases]
        )


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
    return task_of(bound_phases(workload, utterances))


def task_of(phases: tuple[tuple[Phase, Bound, Schedule], ...]) -> Task:
    """Return the mean of the utterances for which phases were bound."""
    bounds = [bound for _, bound, _ in phases]
    joined = OpTable.joined([bound.ops for bound in bounds])
    ends = np.cumsum([bound.ops.n_rows for bound in bounds])[:-1]
    return Task(phases, joined, ends, StoredWeights.of(bounds, joined))


def cost_on_variants(work: Task, chip: Chip, *, varied: Mapping[str, Floats]) -> ChipCosts:
    """Return what the task costs on variants of one chip, as `estimate` has it for the mean utterance.

    `varied`: key path, as `Chip.quantities` names it -> the number of each variant in SI base units:
    (variants,). A varied number is exact: it has no range. Everything else is as in `chip`; nothing varied is
    one variant. Memory is bounded however many there are.

    Raises:
        EdgeAsrError: if a path is none of the chip's, paths take different counts of values, or the chip has
            neither a rate nor a fallback for an op.
    """
    n_variants = max((len(values) for values in varied.values()), default=1)
    step = max(CHUNK_NUMBERS // (3 * work.joined.n_rows), 1)
    parts = (slice(start, min(start + step, n_variants)) for start in range(0, n_variants, step))
    chunks = (
        (with_varied(chip, {path: values[part] for path, values in varied.items()}), part.stop - part.start)
        for part in parts
    )
    return _costed(work, chunks)


def _costed(work: Task, chips: Iterable[tuple[Chip, int]]) -> ChipCosts:
    """Return the costs of chips, each with how many it stands for, one after the other."""
    none = np.zeros((2, len(work.phases), 3, 0)), np.zeros(0)
    found = [none, *(_by_phase(work, chip, n_chips) for chip, n_chips in chips)]
    costs = np.concatenate([each for each, _ in found], axis=-1)
    latency_s, energy_j = (interval(sum(each, np.zeros(each.shape[1:]))) for each in costs)
    return ChipCosts(
        latency_s,
        energy_j,
        phases=tuple(phase for phase, _, _ in work.phases),
        phase_latency_s=costs[0, :, NOMINAL],
        excess_bytes=np.concatenate([each for _, each in found]),
    )


def _by_phase(work: Task, chip: Chip, n_chips: int) -> tuple[Floats, Floats]:
    """Return latency and energy, (2, phases, 3, chips), and the worst op's excess bytes, (chips,)."""
    placement = work.placed(chip)
    found = terms(work.joined, placement, chip)
    per_row = (found.latency_s, found.energy.total_j())
    costs = np.zeros((2, len(work.phases), 3, n_chips))
    for of_rows, of_starts, of_phases in zip(per_row, start_terms(chip), costs, strict=True):
        rows = np.split(of_rows, work.ends, axis=-1)
        for idx, (_, bound, when) in enumerate(work.phases):
            starts = when.mean(np.ones(when.n_points))
            of_phases[idx] = when.mean(bound.visits.per_point(rows[idx])) + starts * of_starts
    excess_bytes = placement.excess_bytes.max(axis=1, initial=0.0)
    return costs, np.broadcast_to(excess_bytes, (n_chips,))
