"""What changed between two estimates: layers joined by name, the largest change first."""

from collections.abc import Callable
from dataclasses import dataclass

from reports.data import Part
from reports.diff.side import LayerCost, Side
from reports.folding import value_of
from reports.units import MINUS, joules, seconds

STARTING = "starting phases"
"""What of a total no layer accounts for."""
LEAST_SHARE = 0.05
"""A term is named if it changed by at least this share of the layer's largest change of a term."""


@dataclass(frozen=True, slots=True)
class Change:
    """Layers of one phase and kind on both sides; 0 where a side has no such layers.

    `latency_change_s` and `energy_change_j` are the second side minus the first. `because` names the terms
    that changed, largest first, and what differs in how the op was done.
    """

    phase: str
    layers: str
    kind: str
    latency_first_s: float
    latency_second_s: float
    latency_change_s: float
    energy_first_j: float
    energy_second_j: float
    energy_change_j: float
    because: str


@dataclass(frozen=True, slots=True)
class Total:
    """Both sides as a whole. `wer` is None where it was not measured on both."""

    first: str
    second: str
    latency_first_s: float
    latency_second_s: float
    latency_change_s: float
    energy_first_j: float
    energy_second_j: float
    energy_change_j: float
    wer_first: float | None
    wer_second: float | None
    wer_difference: float | None


def changes(first: Side, second: Side, *, of_energy: bool = False) -> tuple[Change, ...]:
    """Return every layer's change, largest first by latency, or by energy.

    The changes sum to the difference of the totals: what layers do not account for is a row of its own.
    """
    before, after = ({row.key: row for row in side.layers} for side in (first, second))
    rows = [_change(key, before.get(key), after.get(key)) for key in dict.fromkeys((*before, *after))]
    rows.append(_starting(first, second))
    rows = [row for row in rows if row.latency_change_s or row.energy_change_j]

    def size(row: Change) -> tuple[float, str, str, str]:
        return (
            -abs(row.energy_change_j if of_energy else row.latency_change_s),
            row.phase,
            row.layers,
            row.kind,
        )

    return tuple(sorted(rows, key=size))


def total(first: Side, second: Side) -> Total:
    """Return the two sides' totals and their difference."""
    known = first.wer is not None and second.wer is not None
    return Total(
        first=str(first.what),
        second=str(second.what),
        latency_first_s=first.latency_s,
        latency_second_s=second.latency_s,
        latency_change_s=second.latency_s - first.latency_s,
        energy_first_j=first.energy_j,
        energy_second_j=second.energy_j,
        energy_change_j=second.energy_j - first.energy_j,
        wer_first=first.wer,
        wer_second=second.wer,
        wer_difference=(second.wer or 0.0) - (first.wer or 0.0) if known else None,
    )


def _change(key: tuple[str, str, str], first: LayerCost | None, second: LayerCost | None) -> Change:
    phase, layers, kind = key
    latency_s = [side.latency_s if side else 0.0 for side in (first, second)]
    energy_j = [side.energy_j if side else 0.0 for side in (first, second)]
    return Change(
        phase=phase,
        layers=layers,
        kind=kind,
        latency_first_s=latency_s[0],
        latency_second_s=latency_s[1],
        latency_change_s=latency_s[1] - latency_s[0],
        energy_first_j=energy_j[0],
        energy_second_j=energy_j[1],
        energy_change_j=energy_j[1] - energy_j[0],
        because=_because(first, second),
    )


def _starting(first: Side, second: Side) -> Change:
    latency_s = [side.latency_s - sum(row.latency_s for row in side.layers) for side in (first, second)]
    energy_j = [side.energy_j - sum(row.energy_j for row in side.layers) for side in (first, second)]
    return Change(
        phase="",
        layers=STARTING,
        kind="",
        latency_first_s=latency_s[0],
        latency_second_s=latency_s[1],
        latency_change_s=latency_s[1] - latency_s[0],
        energy_first_j=energy_j[0],
        energy_second_j=energy_j[1],
        energy_change_j=energy_j[1] - energy_j[0],
        because="",
    )


def _because(first: LayerCost | None, second: LayerCost | None) -> str:
    if first is None or second is None:
        return "only in the second" if first is None else "only in the first"
    parts = _named(first.latency_terms_s, second.latency_terms_s, seconds)
    parts = parts or _named(first.energy_terms_j, second.energy_terms_j, joules)
    if first.macs and second.macs and abs(second.macs / first.macs - 1.0) > 1e-9:
        parts.append(f"{second.macs / first.macs:.3g} times the MACs")
    parts += [f"now: {note}" for note in second.notes if note not in first.notes]
    parts += [f"no longer: {note}" for note in first.notes if note not in second.notes]
    return "; ".join(parts)


def _named(first: tuple[Part, ...], second: tuple[Part, ...], quantity: Callable[[float], str]) -> list[str]:
    """Return the terms that changed most, such as `dram -3.20 ms`, largest first."""
    names = dict.fromkeys(part.name for part in (*first, *second))
    differences = {name: value_of(second, name) - value_of(first, name) for name in names}
    least = LEAST_SHARE * max((abs(value) for value in differences.values()), default=0.0)
    ranked = sorted(differences, key=lambda name: -abs(differences[name]))
    return [
        f"{name} {_signed(differences[name], quantity)}"
        for name in ranked
        if differences[name] and abs(differences[name]) >= least
    ]


def _signed(value: float, quantity: Callable[[float], str]) -> str:
    return f"{'+' if value > 0 else MINUS}{quantity(abs(value))}"
