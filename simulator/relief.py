"""What an estimate would be if one resource cost no time: Amdahl's bound on what relieving it can bring."""

from dataclasses import dataclass

import numpy as np

from hwmodels.chip import Chip
from hwmodels.cost_table import CostTable
from hwmodels.op_table import Bools, Floats
from hwmodels.overlap import combined_s
from simulator.estimate import Estimate, PhaseCost


@dataclass(frozen=True, slots=True)
class Relief:
    """The mean utterance with one resource free.

    `resource`: `compute`, `host`, `unpack`, `overhead`, `start` or a memory level. `speedup` is the latency
    over what is left of it.
    """

    resource: str
    latency_s: float
    saved_s: float
    speedup: float


def reliefs(known: Estimate) -> tuple[Relief, ...]:
    """Return what freeing each resource would bring, most first.

    A free resource takes no time in any op; everything else, and the rule by which terms overlap, stays.
    """
    before_s = float(known.latency_s().nominal.mean())
    resources = (
        "compute",
        "host",
        "unpack",
        "overhead",
        "start",
        *(level.name for level in known.chip.levels),
    )
    found = []
    for resource in resources:
        saved_s = _saved_s(known, resource)
        after_s = before_s - saved_s
        found.append(Relief(resource, after_s, saved_s, before_s / after_s if after_s > 0 else np.inf))
    return tuple(sorted(found, key=lambda relief: (-relief.saved_s, relief.resource)))


def latency_without(phase: PhaseCost, chip: Chip, *, resource: str) -> Floats:
    """Return the nominal latency of each row of a phase with one resource free: (rows,) seconds."""
    costs = phase.costs
    on_host = _on_host(costs, chip)
    hop_s = np.where(on_host, chip.overheads.host_hop_s.value, 0.0)
    compute_s, unpack_s, overhead_s = costs.compute_s, costs.unpack_s, costs.overhead_s
    transfer_s, exposed_s = costs.transfer_s, costs.exposed_s
    match resource:
        case "compute":
            compute_s = np.where(on_host, compute_s, 0.0)
        case "host":
            compute_s, overhead_s = np.where(on_host, 0.0, compute_s), overhead_s - hop_s
        case "unpack":
            unpack_s = np.zeros_like(unpack_s)
        case "overhead":
            overhead_s = hop_s
        case level if level in costs.levels:
            freed = np.array(costs.levels) == level
            transfer_s, exposed_s = np.where(freed, 0.0, transfer_s), np.where(freed, 0.0, exposed_s)
    return combined_s(
        chip,
        compute_s=compute_s,
        unpack_s=unpack_s,
        exposed_s=tuple(exposed_s.T),
        transfer_s=tuple(transfer_s.T),
        overhead_s=overhead_s,
    )


def saved_s(phase: PhaseCost, chip: Chip, *, resource: str) -> Floats:
    """Return what freeing a resource would save in each row of a phase: (rows,) seconds."""
    saved: Floats = np.maximum(
        phase.costs.latency_s.nominal - latency_without(phase, chip, resource=resource), 0.0
    )
    return saved


def _saved_s(known: Estimate, resource: str) -> float:
    """Return what freeing a resource would save of the mean utterance."""
    if resource == "start":
        runs = sum((phase.runs_per_utterance() for phase in known.phases), np.zeros(len(known.utterances)))
        return float(runs.mean()) * float(known.start.latency_s.nominal)
    return sum(
        float(phase.per_utterance(saved_s(phase, known.chip, resource=resource)).mean())
        for phase in known.phases
    )


def _on_host(costs: CostTable, chip: Chip) -> Bools:
    is_host = np.array([chip.unit(name).kind == "host" for name in costs.units])
    found: Bools = is_host[costs.unit_idx]
    return found
