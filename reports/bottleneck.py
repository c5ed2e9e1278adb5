"""Where an estimate's time and energy go, repeated layers together, and what would take the time away."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from reports.bottlenecks import reason
from reports.data import LayerRow
from reports.folding import merged
from reports.layers import layer_of, layer_rows
from simulator.estimate import Estimate
from simulator.relief import saved_s

BRIEF = ("phase", "layer", "kind", "latency_s", "share", "energy_j", "bound_by", "saved_s", "utilisation")
"""The columns of a `BottleneckRow` that fit a terminal."""
FURTHEST = 2.0
"""Where the axis of a tornado ends, as a multiple of the whole: one long bar must not hide the others."""


@dataclass(frozen=True, slots=True)
class BottleneckRow:
    """Layers that differ only in their number, in one phase.

    `layer` is their sum, called `encoder.layers.*.fc1 x4`. `share` is that of the utterance's latency.
    `saved_s` is what would be gained if the resource in `bound_by` took no time in these layers, all else as
    it is (Amdahl's bound).
    """

    layer: LayerRow
    share: float
    saved_s: float
    reason: str


def bottleneck_rows(found: Estimate, *, recipe: str = "") -> tuple[BottleneckRow, ...]:
    """Return one row per phase, kind and repeated layer, slowest first; `recipe` is what they call theirs."""
    total_s = float(found.latency_s().nominal.mean())
    saved = dict(_saved(found))
    groups: dict[tuple[str, str, str], list[LayerRow]] = {}
    for row in layer_rows(found, model=found.workload.name, recipe=recipe):
        groups.setdefault((row.phase, repeated(row.layer), row.kind), []).append(row)
    rows = [_row(name, members, total_s, saved) for (_, name, _), members in groups.items()]
    return tuple(sorted(rows, key=lambda row: (-row.layer.latency_s, row.layer.phase, row.layer.layer)))


def repeated(layer: str) -> str:
    """Return a layer's name with its number in the stack left open: `encoder.layers.*.fc1`."""
    return re.sub(r"\blayers\.\d+\b", "layers.*", layer)


def _row(
    name: str, members: list[LayerRow], total_s: float, saved: dict[tuple[str, str, str, str], float]
) -> BottleneckRow:
    whole = merged(members)
    bound_by = max(whole.latency_terms_s, key=lambda part: part.value).name
    whole = replace(whole, layer=f"{name} x{len(members)}" if len(members) > 1 else name, bound_by=bound_by)
    return BottleneckRow(
        layer=whole,
        share=whole.latency_s / total_s,
        saved_s=sum(saved[row.phase, row.layer, row.kind, bound_by] for row in members),
        reason=reason(whole),
    )


def _saved(found: Estimate) -> Iterator[tuple[tuple[str, str, str, str], float]]:
    """Yield (phase, layer, kind, resource) and the seconds that freeing the resource there would save."""
    for phase in found.phases:
        levels = phase.costs.levels
        per_op = {
            resource: phase.per_op(saved_s(phase, found.chip, resource=resource))
            for resource in ("compute", "host", "unpack", "overhead", *levels)
        }
        members: dict[tuple[str, str], list[int]] = {}
        for idx, op in enumerate(phase.bound.graph.ops):
            members.setdefault((layer_of(op.module), op.kind), []).append(idx)
        for (layer, kind), ops in members.items():
            for resource, saved in per_op.items():
                yield (phase.phase, layer, kind, resource), float(saved[np.array(ops)].sum())
