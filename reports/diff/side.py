"""One side of a comparison: what a model under a recipe costs on a chip, repeated layers together."""

from collections.abc import Iterable
from dataclasses import dataclass

from reports.bottleneck import repeated
from reports.data import Part
from reports.index import summed


@dataclass(frozen=True, slots=True)
class Combination:
    """What was costed."""

    model: str
    recipe: str
    chip: str

    def __str__(self) -> str:
        return f"{self.model} {self.recipe} on {self.chip}"


@dataclass(frozen=True, slots=True)
class LayerCost:
    """The ops of one kind in one phase, in layers that differ only in their number; of the mean utterance.

    `latency_terms_s` are the exposed terms and sum to `latency_s`, `energy_terms_j` to `energy_j`.
    """

    phase: str
    layers: str
    kind: str
    latency_s: float
    latency_terms_s: tuple[Part, ...]
    energy_j: float
    energy_terms_j: tuple[Part, ...]
    macs: float
    level_bytes: tuple[Part, ...]
    notes: tuple[str, ...]
    """Why fallbacks were taken."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What the two sides are joined by."""
        return self.phase, self.layers, self.kind


@dataclass(frozen=True, slots=True)
class Side:
    """An estimate, by layer. `latency_s` and `energy_j` are the whole utterance's, starting phases included.

    `wer` is None where it was not measured.
    """

    what: Combination
    layers: tuple[LayerCost, ...]
    latency_s: float
    energy_j: float
    wer: float | None = None


def gathered(layers: Iterable[LayerCost]) -> tuple[LayerCost, ...]:
    """Return one row per phase, kind and repeated layer, numbered layers summed, in order of appearance."""
    groups: dict[tuple[str, str, str], list[LayerCost]] = {}
    for row in layers:
        groups.setdefault((row.phase, repeated(row.layers), row.kind), []).append(row)
    return tuple(_summed(key, rows) for key, rows in groups.items())


def _summed(key: tuple[str, str, str], rows: list[LayerCost]) -> LayerCost:
    phase, layers, kind = key
    return LayerCost(
        phase=phase,
        layers=layers,
        kind=kind,
        latency_s=sum(row.latency_s for row in rows),
        latency_terms_s=summed(row.latency_terms_s for row in rows),
        energy_j=sum(row.energy_j for row in rows),
        energy_terms_j=summed(row.energy_terms_j for row in rows),
        macs=sum(row.macs for row in rows),
        level_bytes=summed(row.level_bytes for row in rows),
        notes=tuple(dict.fromkeys(note for row in rows for note in row.notes)),
    )
