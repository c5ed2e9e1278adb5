"""Where a chip's numbers come from, and how far to trust them."""

from dataclasses import dataclass

from hwmodels.quantity import KINDS, Kind
from reports.data import ProvenanceRow

WORST_FIRST: tuple[Kind, ...] = tuple(reversed(KINDS))


@dataclass(frozen=True, slots=True)
class KindCount:
    """How many of a chip's numbers are of one kind; `share` is the fraction of all."""

    kind: Kind
    n: int
    share: float


def worst_first(rows: tuple[ProvenanceRow, ...]) -> tuple[ProvenanceRow, ...]:
    """Return the rows by kind, least trustworthy first; within a kind in file order."""
    return tuple(sorted(rows, key=lambda row: WORST_FIRST.index(row.kind)))


def kind_counts(rows: tuple[ProvenanceRow, ...]) -> tuple[KindCount, ...]:
    """Return how many numbers are of each kind that occurs, least trustworthy first."""
    return tuple(
        KindCount(kind, n, n / len(rows))
        for kind in WORST_FIRST
        if (n := sum(1 for row in rows if row.kind == kind))
    )
