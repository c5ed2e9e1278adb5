"""Where an estimate's time and energy go, repeated layers together, and what would take the time away."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from reports.bottlenecks import reason
from reports.data import LayerRow, Part
from reports.folding import merged
from reports.layers import layer_of, layer_rows
from simulator.estimate import Estimate
from simulator.relief import saved_s


@dataclass(frozen=True, slots=True)
class BottleneckRow:
    """Layers that differ only in their number, in one phase; quantities are those of the mean utterance.

    `share` is that of the utterance's latency. `saved_s` is what would be gained if the resource in
    `bound_by` took no time in these layers, all else as it is (Amdahl's bound).
    """

    phase: str
    layers: str
    """`encoder.layers.*.fc1 x4`"""
    kind: str
    latency_s: float
    share: float
    energy_j: float
    bound_by: str
    saved_s: float
    utilisation: float
    macs: float
    level_bytes: tuple[Part, ...]
    latency_terms_s: tuple[Part, ...]
    energy_terms_j: tuple[Part, ...]
    reason: str


def bottleneck_rows(found: Estimate) -> tuple[BottleneckRow, ...]:
    """Return one row per phase, kind and repeated layer, slowest first."""
    total_s = float(found.latency_s().nominal.mean())
    saved = dict(_saved(found))
    groups: dict[tuple[str, str, str], list[LayerRow]] = {}
    for row in layer_rows(found, model=found.workload.name, recipe=""):
        groups.setdefault((row.phase, repeated(row.layer), row.kind), []).append(row)
    rows = [_row(name, members, total_s, saved) for (_, name, _), members in groups.items()]
    return tuple(sorted(rows, key=lambda row: (-row.latency_s, row.phase, row.layers)))


@dataclass(frozen=True, slots=True)
class BriefRow:
    """What of a `BottleneckRow` fits a terminal."""

    phase: str
    layers: str
    kind: str
    latency_s: float
    share: float
    energy_j: float
    bound_by: str
    saved_s: float
    utilisation: float


def brief(rows: tuple[BottleneckRow, ...]) -> tuple[BriefRow, ...]:
    """Return the rows without their parts and reasons."""
    return tuple(
        BriefRow(**{field.name: getattr(row, field.name) for field in fields(BriefRow)}) for row in rows
    )


def repeated(layer: str) -> str:
    """Return a layer's name with its number in the stack left open: `encoder.layers.*.fc1`."""
    return re.sub(r"\blayers\.\d+\b", "layers.*", layer)


def _row(
    name: str, members: list[LayerRow], total_s: float, saved: dict[tuple[str, str, str, str], float]
) -> BottleneckRow:
    whole = merged(members)
    bound_by = max(whole.latency_terms_s, key=lambda part: part.value).name
    return BottleneckRow(
        phase=whole.phase,
        layers=f"{name} x{len(members)}" if len(members) > 1 else name,
        kind=whole.kind,
        latency_s=whole.latency_s,
        share=whole.latency_s / total_s,
        energy_j=whole.energy_j,
        bound_by=bound_by,
        saved_s=sum(saved[row.phase, row.layer, row.kind, bound_by] for row in members),
        utilisation=whole.utilisation,
        macs=whole.macs,
        level_bytes=whole.level_bytes,
        latency_terms_s=whole.latency_terms_s,
        energy_terms_j=whole.energy_terms_j,
        reason=reason(whole),
    )


def _saved(found: Estimate) -> Iterator[tuple[tuple[str, str, str, str], float]]:
    """Yield (phase, layer, kind, resource) and the seconds that freeing the resource there would save."""
    for phase in found.phases:
        levels = phase.costs.levels
        per_op = {
            resource: phase.per_op(saved_s(phase, found.chip, resource))
            for resource in ("compute", "host", "unpack", "overhead", *levels)
        }
        members: dict[tuple[str, str], list[int]] = {}
        for idx, op in enumerate(phase.bound.graph.ops):
            members.setdefault((layer_of(op.module), op.kind), []).append(idx)
        for (layer, kind), ops in members.items():
            for resource, saved in per_op.items():
                yield (phase.phase, layer, kind, resource), float(saved[np.array(ops)].sum())
