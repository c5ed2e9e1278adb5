"""Budgets as people write them: `latency_s=0.2,energy_j=50mJ,packed_bytes=8MiB,sram_bytes=1MiB`."""

from dataclasses import dataclass

from hwmodels.units import parse_number
from simulator.estimate import Estimate
from simulator.metrics import packed_bytes
from traces.errors import EdgeAsrError, unknown_name

BUDGETS = ("latency_s", "energy_j", "packed_bytes", "sram_bytes")
"""What can be limited. Latency and energy are those of the mean utterance, at the chip's nominal numbers.
Packed bytes are the whole checkpoint's. SRAM bytes are the working memory: the most activations alive at
once, and the decoder's caches at full length."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `limit` of one of `BUDGETS`, in SI units."""

    key: str
    limit: float


def parse_budget(text: str) -> tuple[Limit, ...]:
    """Return the limits of a text such as `latency_s=200ms,packed_bytes=8MiB`, in the order given.

    Raises:
        EdgeAsrError: for an unknown or repeated key (with the nearest known ones), a wrong unit, or a limit
            that is not positive.
    """
    limits: list[Limit] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, equals, number = (piece.strip() for piece in part.partition("="))
        if not equals:
            raise EdgeAsrError(f"budget '{part}' has no '='; write {BUDGETS[0]}=0.2")
        if key not in BUDGETS:
            raise unknown_name("budget", key, known=BUDGETS)
        if key in {limit.key for limit in limits}:
            raise EdgeAsrError(f"budget {key} is given twice; keep one")
        try:
            value = parse_number(number, key=key)
        except EdgeAsrError as error:
            raise EdgeAsrError(f"budget {key}: {error}") from error
        if not value > 0:
            raise EdgeAsrError(f"budget {key}={number}: a limit must be positive")
        limits.append(Limit(key, value))
    if not limits:
        raise EdgeAsrError(f"the budget is empty; limit one of {', '.join(BUDGETS)}")
    return tuple(limits)


def used_of(found: Estimate) -> dict[str, float]:
    """Return what an estimated network uses of every budget, for the mean utterance."""
    return {
        "latency_s": float(found.latency_s().nominal.mean()),
        "energy_j": float(found.energy_j().nominal.mean()),
        "packed_bytes": packed_bytes(found.workload),
        "sram_bytes": found.peak_activation_bytes() + cache_bytes_of(found),
    }


def cache_bytes_of(found: Estimate) -> float:
    """Return the bytes of all caches at the decoder's full length."""
    return max(float(phase.bound.ops.cache_bytes.max(initial=0.0)) for phase in found.phases)
