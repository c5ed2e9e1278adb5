"""A chip in one row: how far its numbers are trusted, and how far its predictions were off."""

from collections import Counter
from dataclasses import dataclass

from hwmodels.chip import Chip
from hwmodels.quantity import KINDS
from simulator.validation.shipped import shipped_errors


@dataclass(frozen=True, slots=True)
class ChipSummary:
    """What a chip is and how good its predictions are; errors are fractions, None where nothing was measured.

    `latency_error` is the mean of |predicted / measured - 1| as shipped, after fitting to these very cases;
    `left_out_error` the same without the network in question, None where that cannot be said.
    """

    chip: str
    title: str
    software: str
    worst_kind: str
    kinds: str
    """How many numbers there are of each kind."""
    n_measured: int
    """Latencies of whole networks measured on it."""
    latency_error: float | None
    left_out_error: float | None


def chip_summary(chip: Chip, *, shipped: bool) -> ChipSummary:
    """Return the summary of a chip; only chips of the library as `shipped` have errors."""
    kinds = Counter(number.kind for _, number in chip.quantities())
    errors = shipped_errors().get(chip.name) if shipped else None
    return ChipSummary(
        chip=chip.name,
        title=chip.title,
        software=chip.software,
        worst_kind=chip.worst_kind(),
        kinds=", ".join(f"{kinds[kind]} {kind}" for kind in KINDS if kinds[kind]),
        n_measured=errors.n if errors else 0,
        latency_error=errors.mape if errors else None,
        left_out_error=errors.left_out_mape if errors else None,
    )
