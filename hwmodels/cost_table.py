"""The result of walking a graph on a chip: one row per op and binding, columns with units in their names."""

from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import Any

from hwmodels.op_table import Bools, Floats, Ints


class BoundBy(IntEnum):
    """The largest term of an op's time; memory levels follow as `MEMORY + level index`."""

    COMPUTE = 0
    UNPACK = 1
    OVERHEAD = 2
    HOST = 3
    MEMORY = 4


@dataclass(frozen=True, slots=True)
class Interval:
    """Low, nominal and high value of one quantity per row, from the ranges of the chip's parameters."""

    low: Floats
    nominal: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class CostTable:
    """What every op costs on one chip. Shapes: (rows,) or, where a level is named, (rows, levels).

    `unit_idx` indexes `units`; `note_idx` indexes `notes` (why a fallback was taken; note 0 is empty).
    `latency_s` combines compute, transfers, unpacking and overhead by the chip's overlap rule; the terms are
    kept so that it can be explained.
    """

    chip: str
    units: tuple[str, ...]
    levels: tuple[str, ...]
    notes: tuple[str, ...]
    phase_idx: Ints
    op_idx: Ints
    unit_idx: Ints
    note_idx: Ints
    utilisation: Floats
    """MACs done over MACs the unit could do in `compute_s` at this format's peak rate; 0 without MACs."""
    compute_s: Floats
    transfer_s: Floats
    """(rows, levels)"""
    exposed_s: Floats
    """(rows, levels): transfers of first and last tiles, which nothing hides; beside `transfer_s`."""
    unpack_s: Floats
    overhead_s: Floats
    latency_s: Interval
    level_bytes: Floats
    """(rows, levels): bytes that cross each level's port after tiling and residency."""
    mac_energy_j: Floats
    """MACs and elementary vector steps, those of unpacking included."""
    memory_energy_j: Floats
    """(rows, levels)"""
    host_energy_j: Floats
    static_energy_j: Floats
    energy_j: Interval
    bound_by: Ints
    fits: Bools
    """Whether everything the op needs at once fits the levels it is placed in."""
    excess_bytes: Floats
    """How much does not fit; 0 where `fits`."""
    excess_level: Ints
    """Index of the level in which most is missing; 0 where `fits`."""

    def part(self, rows: slice) -> "CostTable":
        """Return the table of some rows."""
        # Any: each column has a type of its own, known to CostTable alone
        columns: dict[str, Any] = {
            field.name: _part(getattr(self, field.name), rows)
            for field in fields(CostTable)
            if field.name not in _OF_THE_CHIP
        }
        return replace(self, **columns)

    def bound_label(self, code: int) -> str:
        """Return the name of a `bound_by` code: `compute`, `unpack`, `overhead`, `host` or a level's name."""
        if code >= BoundBy.MEMORY:
            return self.levels[code - BoundBy.MEMORY]
        return BoundBy(code).name.lower()


_OF_THE_CHIP = frozenset({"chip", "units", "levels", "notes"})


def _part(column: Interval | Floats, rows: slice) -> Interval | Floats:
    if isinstance(column, Interval):
        return Interval(column.low[rows], column.nominal[rows], column.high[rows])
    return column[rows]
