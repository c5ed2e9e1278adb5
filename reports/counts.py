"""Chip-independent costs of one utterance per phase, as rows of a table."""

from collections.abc import Iterator
from dataclasses import dataclass

from simulator.metrics import count
from simulator.utterances import Utterance
from simulator.walk import bound_phases, per_utterance
from traces.workload import Workload


@dataclass(frozen=True, slots=True)
class PhaseCount:
    """What a phase costs whatever the chip; `n_ops` are those of its graph, `runs` how often it runs."""

    phase: str
    n_ops: int
    runs: float
    macs: float
    bops: float
    bops_accumulator: float
    weight_io_bytes: float
    kv_io_bytes: float
    activation_io_bytes: float
    peak_activation_bytes: float


def phase_counts(workload: Workload, utterance: Utterance) -> tuple[PhaseCount, ...]:
    """Return the counts of every phase that runs for an utterance."""
    return tuple(_phase_counts(workload, utterance))


def _phase_counts(workload: Workload, utterance: Utterance) -> Iterator[PhaseCount]:
    for phase, bound, when in bound_phases(workload, (utterance,)):
        counts = count(bound.ops)
        yield PhaseCount(
            phase=phase,
            n_ops=len(bound.graph.ops),
            runs=float(when.runs.sum()),
            macs=float(per_utterance(bound, when, values=counts.macs)[0]),
            bops=float(per_utterance(bound, when, values=counts.bops)[0]),
            bops_accumulator=float(per_utterance(bound, when, values=counts.bops_with_accumulator)[0]),
            weight_io_bytes=float(per_utterance(bound, when, values=counts.weight_io_bytes)[0]),
            kv_io_bytes=float(per_utterance(bound, when, values=counts.kv_io_bytes)[0]),
            activation_io_bytes=float(per_utterance(bound, when, values=counts.activation_io_bytes)[0]),
            peak_activation_bytes=float(bound.ops.live_bytes.max()),
        )
