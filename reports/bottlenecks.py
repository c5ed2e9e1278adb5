"""The layers that take the most time, and why, in words."""

from dataclasses import dataclass

from reports.data import LayerRow, Part
from reports.index import summed
from reports.units import percent, seconds, si, size


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """One layer, its share of the estimate's latency, and the sentence that says what holds it up."""

    layer: LayerRow
    share: float
    reason: str


def bottlenecks(layers: tuple[LayerRow, ...], *, most: int) -> tuple[Bottleneck, ...]:
    """Return the `most` slowest layers of one estimate, slowest first."""
    total_s = sum(row.latency_s for row in layers)
    slowest = sorted(layers, key=lambda row: -row.latency_s)[:most]
    return tuple(Bottleneck(row, row.latency_s / total_s if total_s else 0.0, reason(row)) for row in slowest)


def reason(row: LayerRow) -> str:
    """Return why a layer takes the time it takes."""
    term_s = _named(row.latency_terms_s, row.bound_by)
    match row.bound_by:
        case "compute" if not row.macs:
            text = f"{spoken_kind(row.kind)} on {row.unit}: steps without MACs take {seconds(term_s)}"
        case "compute":
            text = (
                f"arithmetic on {row.unit}: {si(row.macs, 'MAC')} at {percent(row.utilisation)} of its peak"
            )
        case "host":
            text = "runs on the host" if row.unit == "host" else f"runs on the host ({row.unit})"
        case "unpack":
            text = f"unpacking weights in software takes {seconds(term_s)}"
        case "overhead":
            text = f"fixed overhead of starting ops takes {seconds(term_s)}"
        case level:
            text = f"waits for {level}: {size(_named(row.level_bytes, level))} cross it in {seconds(term_s)}"
    return f"{text}; {row.note}" if row.note else text


def spoken_kind(kind: str) -> str:
    """Return a kind of op in words: `weight product`."""
    return kind.replace("_", " ")


def largest_term(layers: tuple[LayerRow, ...]) -> tuple[Part, float] | None:
    """Return the term that takes the most of an estimate's latency and its share, or None without layers."""
    terms = summed(row.latency_terms_s for row in layers)
    total_s = sum(term.value for term in terms)
    if not total_s:
        return None
    largest = max(terms, key=lambda term: term.value)
    return largest, largest.value / total_s


def _named(parts: tuple[Part, ...], name: str) -> float:
    return next((part.value for part in parts if part.name == name), 0.0)
