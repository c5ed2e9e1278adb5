"""An estimate's ops summed by layer and kind: where the time and the energy of the mean utterance go."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hwmodels.op_table import Floats, Ints
from reports.data import LayerRow, Part
from reports.exposed import exposed_terms, term_names
from simulator.estimate import Estimate, PhaseCost
from traces.graph import Graph, OpKind

ENERGY_TERMS = ("mac", "host", "static")
"""The first energy terms; the memory levels follow."""


@dataclass(frozen=True, slots=True)
class OpCosts:
    """What each op of a phase costs for the mean utterance; the arrays have shape (ops,) or (ops, terms)."""

    latency_s: Floats
    latency_terms_s: Floats
    energy_j: Floats
    energy_terms_j: Floats
    level_bytes: Floats
    macs: Floats
    possible_macs: Floats
    """MACs the unit could have done while it computed."""
    row: Ints
    """The row of the op's cost at its longest point, which names its unit and why."""


def op_costs(phase: PhaseCost) -> OpCosts:
    """Return a phase's cost per op, summed over the points an utterance visits."""
    costs, ops = phase.costs, phase.bound.ops
    # The unit was busy for compute_s at `utilisation` of its peak; without MACs it could have done none.
    possible = np.divide(
        ops.macs, costs.utilisation, out=np.zeros_like(ops.macs), where=costs.utilisation > 0
    )
    energy = np.column_stack(
        (costs.mac_energy_j, costs.host_energy_j, costs.static_energy_j, costs.memory_energy_j)
    )
    at_points = costs.latency_s.nominal[phase.bound.row_of]
    longest = phase.bound.row_of[np.arange(len(at_points)), at_points.argmax(axis=1)]
    return OpCosts(
        latency_s=phase.per_op(costs.latency_s.nominal),
        latency_terms_s=phase.per_op(exposed_terms(costs)),
        energy_j=phase.per_op(costs.energy_j.nominal),
        energy_terms_j=phase.per_op(energy),
        level_bytes=phase.per_op(costs.level_bytes),
        macs=phase.per_op(ops.macs),
        possible_macs=phase.per_op(possible),
        row=longest,
    )


def layer_rows(estimate: Estimate, *, model: str, recipe: str) -> Iterator[LayerRow]:
    """Yield one row per phase, layer and kind of op, in the order of the network."""
    for phase in estimate.phases:
        costs = op_costs(phase)
        for (layer, kind), members in _groups(phase.bound.graph).items():
            yield _layer_row(
                phase,
                costs,
                members=np.array(members),
                layer=layer,
                kind=kind,
                model=model,
                recipe=recipe,
                chip=estimate.chip.name,
            )


def layer_of(module: str) -> str:
    """Return the layer of a module: that of `model.encoder.layers.3.self_attn.q_proj` ends in `self_attn`."""
    parts = module.removeprefix("model.").split(".")
    if "layers" in parts:
        return ".".join(parts[: parts.index("layers") + 3])
    return ".".join(parts) or "network"


def _groups(graph: Graph) -> dict[tuple[str, OpKind], list[int]]:
    groups: dict[tuple[str, OpKind], list[int]] = {}
    for idx, op in enumerate(graph.ops):
        groups.setdefault((layer_of(op.module), op.kind), []).append(idx)
    return groups


def _layer_row(
    phase: PhaseCost,
    costs: OpCosts,
    *,
    members: Ints,
    layer: str,
    kind: OpKind,
    model: str,
    recipe: str,
    chip: str,
) -> LayerRow:
    """Return the sum of some ops of a phase: (members,) indices."""
    table = phase.costs
    terms_s = costs.latency_terms_s[members].sum(axis=0)
    names = term_names(table)
    possible = float(costs.possible_macs[members].sum())
    macs = float(costs.macs[members].sum())
    slowest = costs.row[members[costs.latency_s[members].argmax()]]
    return LayerRow(
        model=model,
        recipe=recipe,
        chip=chip,
        phase=phase.phase,
        layer=layer,
        kind=kind,
        n_ops=len(members),
        latency_s=float(costs.latency_s[members].sum()),
        latency_terms_s=_parts(names, terms_s),
        energy_j=float(costs.energy_j[members].sum()),
        energy_terms_j=_parts((*ENERGY_TERMS, *table.levels), costs.energy_terms_j[members].sum(axis=0)),
        macs=macs,
        level_bytes=_parts(table.levels, costs.level_bytes[members].sum(axis=0)),
        utilisation=macs / possible if possible else 0.0,
        bound_by=names[int(terms_s.argmax())],
        unit=table.units[int(table.unit_idx[slowest])],
        note=table.notes[int(table.note_idx[slowest])],
    )


def _parts(names: tuple[str, ...], values: Floats) -> tuple[Part, ...]:
    return tuple(Part(name, float(value)) for name, value in zip(names, values, strict=True))
