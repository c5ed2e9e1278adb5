"""The lines of a roofline: flat for arithmetic, slanted for memory."""

import math
from dataclasses import dataclass

from reports.data import BandwidthRow, CeilingRow
from reports.units import tick

NEAR_DECADES = 0.15
"""Ceilings nearer to each other than this share a line: their labels would overprint."""


@dataclass(frozen=True, slots=True)
class Roof:
    """One line from (intensity_low, rate_low) to (intensity_high, rate_high), in MAC per byte and MAC/s.

    The label stands at (intensity_label, rate_label): at the end of flat lines, staggered down slanted ones.
    """

    label: str
    flat: bool
    intensity_low: float
    rate_low: float
    intensity_high: float
    rate_high: float
    intensity_label: float
    rate_label: float


def roofs(
    ceilings: tuple[CeilingRow, ...], bandwidths: tuple[BandwidthRow, ...], *, low: float, high: float
) -> tuple[Roof, ...]:
    """Return the lines between two intensities; slanted ones end at the highest ceiling.

    A memory level that delivers B bytes per second allows intensity * B MACs per second.
    """
    peak = max((row.peak_mac_per_s for row in ceilings), default=math.inf)
    lines = [_flat(label, rate, low=low, high=high) for label, rate in _distinct(ceilings)]
    for idx, row in enumerate(bandwidths):
        speed = row.bandwidth_bytes_per_s
        end = min(high, peak / speed)
        if end > low:
            at = low * (end / low) ** max(0.0, 0.92 - 0.12 * idx)
            label = f"{row.level} {tick(speed, 'B/s')}"
            lines.append(
                Roof(
                    label,
                    flat=False,
                    intensity_low=low,
                    rate_low=low * speed,
                    intensity_high=end,
                    rate_high=end * speed,
                    intensity_label=at,
                    rate_label=at * speed,
                )
            )
    return tuple(lines)


def _flat(label: str, rate: float, *, low: float, high: float) -> Roof:
    return Roof(
        label,
        flat=True,
        intensity_low=low,
        rate_low=rate,
        intensity_high=high,
        rate_high=rate,
        intensity_label=high,
        rate_label=rate,
    )


def intensity_span(
    intensities: list[float], ceilings: tuple[CeilingRow, ...], *, bandwidths: tuple[BandwidthRow, ...]
) -> tuple[float, float]:
    """Return whole decades around all points and ridges, and more on both sides for the labels."""
    peak = max((row.peak_mac_per_s for row in ceilings), default=0.0)
    ridges = [peak / row.bandwidth_bytes_per_s for row in bandwidths]
    positive = [value for value in (*intensities, *ridges) if value > 0]
    low = math.floor(math.log10(min(positive, default=1.0)) - 0.7)
    high = math.ceil(math.log10(max(positive, default=1.0)) + 1.5)
    return 10.0**low, 10.0**high


def _distinct(ceilings: tuple[CeilingRow, ...]) -> list[tuple[str, float]]:
    found: list[tuple[list[str], float]] = []
    for row in sorted(ceilings, key=lambda row: -row.peak_mac_per_s):
        name = f"{row.unit} {_formats(row.format)}"
        if found and math.log10(found[-1][1] / row.peak_mac_per_s) < NEAR_DECADES:
            found[-1][0].append(name)
        else:
            found.append(([name], row.peak_mac_per_s))
    return [(names[0] if len(names) == 1 else f"{names[0]} +{len(names) - 1}", rate) for names, rate in found]


def _formats(pair: str) -> str:
    """Return a pair of formats as read: a rate that holds for any format leaves its place empty."""
    weight, _, activation = (part.strip() or "any" for part in pair.partition("x "))
    return "any format" if weight == activation == "any" else f"{weight} x {activation}"
