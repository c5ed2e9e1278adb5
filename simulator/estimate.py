"""A recogniser on a chip: what every op, phase and utterance costs."""

from dataclasses import dataclass

import numpy as np

from hwmodels.chip import Chip
from hwmodels.cost_table import CostTable, Interval
from hwmodels.model import Start, cost, start_of_inference
from hwmodels.op_table import Floats
from simulator.bind import Bound
from simulator.many_chips import Task, task, task_of
from simulator.utterances import RUN_ONCE, Schedule, Utterance
from simulator.walk import per_op, per_utterance
from traces.workload import Phase, Workload


@dataclass(frozen=True, slots=True)
class PhaseCost:
    """One phase: its graph at the points where it runs, and what each distinct row costs there."""

    phase: Phase
    bound: Bound
    schedule: Schedule
    costs: CostTable

    def per_op(self, values: Floats) -> Floats:
        """Return, for the mean utterance, a quantity known per row: (ops,) or (ops, levels)."""
        return per_op(self.bound, self.schedule, values=values)

    def per_utterance(self, values: Floats) -> Floats:
        """Return the sum over everything an utterance runs in this phase: (utterances,)."""
        return per_utterance(self.bound, self.schedule, values=values)

    def runs_per_utterance(self) -> Floats:
        """Return how often the phase runs for each utterance: (utterances,)."""
        return self.schedule.per_utterance(np.ones(self.schedule.n_points))


@dataclass(frozen=True, slots=True)
class Estimate:
    """What utterances cost on a chip. Every total is a sum over `phases`; arrays have shape (utterances,)."""

    workload: Workload
    chip: Chip
    utterances: tuple[Utterance, ...]
    phases: tuple[PhaseCost, ...]
    start: Start
    """What starting one phase once costs, whatever its ops."""

    def task(self) -> Task:
        """Return the mean utterance, ready to be costed on other chips."""
        return task_of(tuple((phase.phase, phase.bound, phase.schedule) for phase in self.phases))

    def latency_s(self) -> Interval:
        """Return the latency of each utterance."""
        return _total([self.phase_latency_s(phase) for phase in self.phases])

    def energy_j(self) -> Interval:
        """Return the energy of each utterance."""
        return _total([self.phase_energy_j(phase) for phase in self.phases])

    def phase_latency_s(self, phase: PhaseCost) -> Interval:
        """Return one phase's latency within each utterance, starting it included."""
        return _per_utterance(phase, phase.costs.latency_s, self.start.latency_s)

    def phase_energy_j(self, phase: PhaseCost) -> Interval:
        """Return one phase's energy within each utterance, starting it included."""
        return _per_utterance(phase, phase.costs.energy_j, self.start.energy_j)

    def rtf(self) -> Interval:
        """Return latency over audio seconds of each utterance."""
        audio_s = np.array([utterance.audio_s for utterance in self.utterances])
        latency = self.latency_s()
        return Interval(latency.low / audio_s, latency.nominal / audio_s, latency.high / audio_s)

    def peak_activation_bytes(self) -> float:
        """Return the most activation bytes alive at once in any phase, without weights and caches."""
        return max(float(phase.bound.ops.live_bytes.max()) for phase in self.phases)

    def fits(self) -> bool:
        """Return whether every op of every phase fits the memory it is placed in."""
        return all(bool(phase.costs.fits.all()) for phase in self.phases)

    def excess_bytes(self) -> float:
        """Return by how many bytes the worst op exceeds its memory; 0 where everything fits."""
        return max(float(phase.costs.excess_bytes.max()) for phase in self.phases)

    def excess_level(self) -> str:
        """Return the memory level the worst op exceeds; empty where everything fits."""
        tables = [phase.costs for phase in self.phases]
        worst = max(tables, key=lambda costs: float(costs.excess_bytes.max()))
        row = int(worst.excess_bytes.argmax())
        return worst.levels[int(worst.excess_level[row])] if worst.excess_bytes[row] > 0 else ""


def estimate(workload: Workload, chip: Chip, *, utterances: tuple[Utterance, ...] = ()) -> Estimate:
    """Return what these utterances cost on a chip; a network that is no recogniser runs once without any.

    Raises:
        EdgeAsrError: if an op has no cost rule, the chip neither a rate nor a fallback for it, or a
            recogniser is given no utterances.
    """
    if workload.family == "network":
        utterances = utterances or (RUN_ONCE,)
    return estimate_task(task(workload, utterances), workload, chip=chip, utterances=utterances)


def estimate_task(
    work: Task, workload: Workload, *, chip: Chip, utterances: tuple[Utterance, ...]
) -> Estimate:
    """Return what a workload costs on a chip that was bound to these utterances before.

    Raises:
        EdgeAsrError: if the chip has neither a rate nor a fallback for an op.
    """
    return Estimate(workload, chip, utterances, _costed(work, chip), start_of_inference(chip))


def _costed(work: Task, chip: Chip) -> tuple[PhaseCost, ...]:
    whole, ends = cost(work.joined, work.placed(chip), chip), (*work.ends.tolist(), work.joined.n_rows)
    return tuple(
        PhaseCost(phase, bound, when, whole.part(slice(end - bound.ops.n_rows, end)))
        for (phase, bound, when), end in zip(work.phases, ends, strict=True)
    )


def _per_utterance(phase: PhaseCost, costs: Interval, start: Interval) -> Interval:
    runs = phase.runs_per_utterance()
    return Interval(
        phase.per_utterance(costs.low) + runs * start.low,
        phase.per_utterance(costs.nominal) + runs * start.nominal,
        phase.per_utterance(costs.high) + runs * start.high,
    )


def _total(parts: list[Interval]) -> Interval:
    none = np.zeros_like(parts[0].nominal)
    return Interval(
        sum((part.low for part in parts), none),
        sum((part.nominal for part in parts), none),
        sum((part.high for part in parts), none),
    )
