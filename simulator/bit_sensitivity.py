"""How latency and energy of an utterance answer to the bits of weights, activations and caches."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from simulator.estimate import Estimate, estimate
from simulator.sensitivity import Sensitivity
from traces.errors import EdgeAsrError
from traces.formats import Format
from traces.graph import Graph, Role, Tensor
from traces.workload import Phase, Workload

PARTS = {"weights": Role.WEIGHT, "activations": Role.ACTIVATION, "caches": Role.KV}
"""What has bits of its own. Floats stay as they are: their bits are no matter of degree."""
LEAST_BITS, MOST_BITS = 2, 16


@dataclass(frozen=True, slots=True)
class _Mean:
    """The mean utterance; None where the chip has neither a rate nor a fallback."""

    latency_s: float | None
    energy_j: float | None


def bit_sensitivities(known: Estimate) -> Iterator[Sensitivity]:
    """Yield what half and twice the bits do, for each part of the network that has integer formats.

    The formats are those of the estimate with other bits, within 2 to 16, and the same scales; what the chip
    makes of them (a rate, a fallback, unpacking) is in its file. A result is None where the chip has nothing
    for them. The elasticity is the slope in logarithms from half to twice the bits, or from the present ones
    where one of the two is unknown.
    """
    now = _mean(known)
    for part, role in PARTS.items():
        bits = [tensor.format.bits for graph in known.workload.graphs for tensor in _integers(graph, role)]
        if not bits:
            continue
        half, twice = _with_bits(known, role, 0.5), _with_bits(known, role, 2.0)
        yield Sensitivity(
            parameter=f"formats.{part}.bits",
            value=float(np.mean(bits)),
            latency_elasticity=_slope(half.latency_s, now.latency_s, twice.latency_s),
            energy_elasticity=_slope(half.energy_j, now.energy_j, twice.energy_j),
            latency_halved_s=half.latency_s,
            latency_doubled_s=twice.latency_s,
            energy_halved_j=half.energy_j,
            energy_doubled_j=twice.energy_j,
        )


def with_bits(workload: Workload, role: Role, *, factor: float) -> Workload:
    """Return a workload whose integer formats of one role have so many times the bits, within 2 to 16."""
    return replace(workload, graphs=tuple(_graph_with_bits(graph, role, factor) for graph in workload.graphs))


def _with_bits(known: Estimate, role: Role, factor: float) -> _Mean:
    try:
        return _mean(
            estimate(with_bits(known.workload, role, factor=factor), known.chip, utterances=known.utterances)
        )
    except EdgeAsrError:  # neither a rate nor a fallback
        return _Mean(None, None)


def _graph_with_bits(graph: Graph, role: Role, factor: float) -> Graph:
    """Return the graph with other bits for tensors of a role, as stored and as every op reads them."""
    changed = {tensor.name for tensor in _integers(graph, role)}

    def scaled(fmt: Format) -> Format:
        bits = min(max(round(fmt.bits * factor), LEAST_BITS), MOST_BITS)
        return fmt if fmt.is_float else replace(fmt, bits=bits)

    return replace(
        graph,
        tensors=tuple(
            replace(tensor, format=scaled(tensor.format)) if tensor.name in changed else tensor
            for tensor in graph.tensors
        ),
        ops=tuple(
            replace(
                op,
                reads=tuple(
                    replace(operand, format=scaled(operand.format)) if operand.tensor in changed else operand
                    for operand in op.reads
                ),
            )
            for op in graph.ops
        ),
    )


def _integers(graph: Graph, role: Role) -> Iterator[Tensor]:
    """Yield the tensors of a role that are stored as integers; a front end has none that a recipe gives."""
    if graph.phase != Phase.FRONTEND:
        yield from (each for each in graph.tensors if each.role is role and not each.format.is_float)


def _mean(found: Estimate) -> _Mean:
    return _Mean(float(found.latency_s().nominal.mean()), float(found.energy_j().nominal.mean()))


def _slope(half: float | None, now: float | None, twice: float | None) -> float:
    """Return the slope in logarithms over the widest known span, 0 where there is none."""
    known = [(octave, value) for octave, value in ((-1, half), (0, now), (1, twice)) if value]
    (first, least), (last, most) = known[0], known[-1]
    return float(np.log2(most / least)) / (last - first) if last > first else 0.0
