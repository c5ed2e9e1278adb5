"""The chip-independent half of the walk: phases bound where their utterances need them, and sums."""

import numpy as np

from hwmodels.op_table import Floats
from simulator.bind import Bound, Network, bind
from simulator.metrics import Counts, count, packed_bytes
from simulator.utterances import Schedule, Utterance, check_tokens, schedule
from traces.formats import Format
from traces.graph import Role
from traces.workload import AUDIO_SAMPLES, BATCH, PAST_TOKENS, SAMPLE_RATE_HZ, Phase, Workload


def bound_phases(
    workload: Workload, utterances: tuple[Utterance, ...]
) -> tuple[tuple[Phase, Bound, Schedule], ...]:
    """Return each phase that runs, bound at its distinct points.

    Raises:
        EdgeAsrError: if there are no utterances, one has more tokens than the decoder can make, or a graph
            uses a symbol that is none of a workload's.
    """
    check_tokens(workload, utterances)
    network = network_of(workload, utterances)
    formats = formats_of(workload)
    bound = []
    for idx, phase in enumerate(Phase):
        graph = workload.graph(phase)
        when = schedule(workload, phase, utterances=utterances)
        if graph is not None and len(when.runs):
            bound.append(
                (phase, bind(graph, when.points, phase_idx=idx, network=network, formats=formats), when)
            )
    return tuple(bound)


def formats_of(workload: Workload) -> tuple[Format, ...]:
    """Return every format the network stores or computes with, in order of name."""
    used = {tensor.format for graph in workload.graphs for tensor in graph.tensors}
    used |= {operand.format for graph in workload.graphs for op in graph.ops for operand in op.reads}
    return tuple(sorted(used, key=lambda fmt: fmt.name))


def network_of(workload: Workload, utterances: tuple[Utterance, ...]) -> Network:
    """Return the bytes that outlive a phase: all weights, and the caches at the decoder's full length."""
    return Network(packed_bytes(workload), sum(cache_tensors(workload, utterances).values()))


def cache_tensors(workload: Workload, utterances: tuple[Utterance, ...]) -> dict[str, float]:
    """Return the bytes of every cached tensor at the decoder's full length, by its name in the decode step.

    The cache of the encoder's keys and values is taken at the longest audio among the utterances, and all of
    them for the largest batch times its beam.
    """
    graph = workload.graph(Phase.DECODE)
    if graph is None:
        return {}
    audio_s = min(max(utterance.audio_s for utterance in utterances), workload.window_s or np.inf)
    longest = {
        AUDIO_SAMPLES: round(audio_s * SAMPLE_RATE_HZ),
        PAST_TOKENS: workload.max_tokens,
        BATCH: max(utterance.batch * utterance.beam for utterance in utterances),
    }
    return {
        tensor.name: float(tensor.format.stored_bytes(tensor.rows.at(longest), tensor.row_length.at(longest)))
        for tensor in graph.tensors
        if tensor.role is Role.KV and tensor.name in graph.inputs
    }


def utterance_counts(workload: Workload, utterances: tuple[Utterance, ...]) -> Counts:
    """Return the chip-independent counts of each utterance: arrays of shape (utterances,)."""
    phases = [(bound, when, count(bound.ops)) for _, bound, when in bound_phases(workload, utterances)]

    def total(column: str) -> Floats:
        return sum(
            (per_utterance(bound, when, values=getattr(counts, column)) for bound, when, counts in phases),
            np.zeros(len(utterances)),
        )

    return Counts(
        macs=total("macs"),
        bops=total("bops"),
        bops_with_accumulator=total("bops_with_accumulator"),
        weight_io_bytes=total("weight_io_bytes"),
        kv_io_bytes=total("kv_io_bytes"),
        activation_io_bytes=total("activation_io_bytes"),
    )


def per_op(bound: Bound, when: Schedule, *, values: Floats) -> Floats:
    """Return, for the mean utterance, a quantity known per row: (ops,) or (ops, levels)."""
    total: Floats = np.tensordot(when.mean_runs(), values[bound.row_of], axes=(0, 1))
    return total


def per_utterance(bound: Bound, when: Schedule, *, values: Floats) -> Floats:
    """Return, of a quantity known per row, the sum over all an utterance runs in the phase: (utterances,)."""
    return when.per_utterance(bound.visits.per_point(values))
