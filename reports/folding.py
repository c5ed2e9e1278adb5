"""Many layers to the few that a chart can show."""

from dataclasses import replace

from reports.data import LayerRow, Part
from reports.index import summed


def folded(layers: tuple[LayerRow, ...], *, most: int) -> tuple[LayerRow, ...]:
    """Return one row per phase and layer in network order, the smallest beyond `most` summed into one.

    Kinds of ops within a layer are summed; `utilisation`, `bound_by`, `unit` and `note` are those of the
    slowest.
    """
    groups: dict[tuple[str, str], list[LayerRow]] = {}
    for row in layers:
        groups.setdefault((row.phase, row.layer), []).append(row)
    merged_rows = [merged(rows) for rows in groups.values()]
    if len(merged_rows) <= most:
        return tuple(merged_rows)
    ranked = sorted(range(len(merged_rows)), key=lambda idx: -merged_rows[idx].latency_s)
    shown = sorted(ranked[: most - 1])
    rest = [merged_rows[idx] for idx in sorted(ranked[most - 1 :])]
    other = replace(merged(rest), phase="", layer=f"{len(rest)} other layers", kind="")
    return (*(merged_rows[idx] for idx in shown), other)


def short_layer(row: LayerRow) -> str:
    """Return a layer's name short enough for a chart's margin: `enc 3 self_attn`, `enc fc1 x4`."""
    name = row.layer.removeprefix("model.")
    for long, short in (("encoder.", "enc "), ("decoder.", "dec "), ("layers.*.", ""), ("layers.", "")):
        name = name.replace(long, short, 1)
    return name.replace(".", " ") or row.phase


def merged(rows: list[LayerRow]) -> LayerRow:
    """Return layers summed into one; what is not a sum is that of the slowest."""
    slowest = max(rows, key=lambda row: row.latency_s)
    return replace(
        slowest,
        n_ops=sum(row.n_ops for row in rows),
        latency_s=sum(row.latency_s for row in rows),
        latency_terms_s=summed(row.latency_terms_s for row in rows),
        energy_j=sum(row.energy_j for row in rows),
        energy_terms_j=summed(row.energy_terms_j for row in rows),
        macs=sum(row.macs for row in rows),
        level_bytes=summed(row.level_bytes for row in rows),
    )


def layer_labels(rows: tuple[LayerRow, ...]) -> tuple[str, ...]:
    """Return one distinct label per row: layers that run in several phases carry the phase."""
    short = [short_layer(row) for row in rows]
    return tuple(
        name if short.count(name) == 1 else f"{name} ({row.phase})"
        for name, row in zip(short, rows, strict=True)
    )


def value_of(parts: tuple[Part, ...], name: str) -> float:
    """Return one part's value, 0 where there is none of that name."""
    return next((part.value for part in parts if part.name == name), 0.0)
