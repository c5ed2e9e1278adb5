"""A chip as the rows of a report: what it is, its roofs, and where each of its numbers comes from."""

from hwmodels.chip import Chip
from hwmodels.op_table import PRODUCTS
from hwmodels.units import unit_symbol
from reports.data import BandwidthRow, CeilingRow, ChipRow, ProvenanceRow


def chip_row(chip: Chip) -> ChipRow:
    """Return what the page's sentences say of a chip."""
    return ChipRow(chip.name, chip.family, chip.title, chip.hypothetical, chip.description)


def ceiling_rows(chip: Chip) -> tuple[CeilingRow, ...]:
    """Return the most MACs per second each unit does, per pair of formats."""
    peaks: dict[tuple[str, str], float] = {}
    for rate in chip.rates:
        if not set(PRODUCTS).isdisjoint(rate.ops):
            key = (rate.unit, f"{rate.weight or 'any'} x {rate.activation or 'any'}")
            unit = chip.unit(rate.unit)
            peak = rate.per_cycle.value * unit.clock_hz.value * (unit.speed.value if unit.speed else 1.0)
            peaks[key] = max(peak, peaks.get(key, 0.0))
    return tuple(CeilingRow(chip.name, unit, formats, peak) for (unit, formats), peak in peaks.items())


def bandwidth_rows(chip: Chip) -> tuple[BandwidthRow, ...]:
    """Return how fast each memory level delivers, where that limits anything."""
    return tuple(
        BandwidthRow(chip.name, level.name, level.bandwidth_bytes_per_s.value)
        for level in chip.levels
        if level.bandwidth_bytes_per_s is not None
    )


def provenance_rows(chip: Chip) -> tuple[ProvenanceRow, ...]:
    """Return every number of a chip with its unit, kind, source and range, in the order of its file.

    The lanes of its rates follow, where they are more than 1.
    """
    return tuple(
        ProvenanceRow(
            chip=chip.name,
            key=path,
            value=number.value,
            unit=unit_symbol(path),
            kind=number.kind,
            source=number.source,
            low=number.low,
            high=number.high,
        )
        for path, number in (*chip.quantities(), *chip.shapes())
    )
