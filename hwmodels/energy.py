"""Energy: MACs and steps, bytes at each level, the host, and what runs at all over the whole latency."""

from dataclasses import dataclass

import numpy as np

from hwmodels.chip import Chip
from hwmodels.op_table import Floats, OpTable
from hwmodels.quantity import corners
from hwmodels.row_rates import RowRates
from hwmodels.traffic import LevelBytes
from hwmodels.unpack import unpacked
from hwmodels.utilisation import is_product, work


@dataclass(frozen=True, slots=True)
class EnergyTerms:
    """Joules per row: (3, chips, rows) for optimistic, nominal and pessimistic; memory one such per level."""

    mac_j: Floats
    """MACs and elementary vector steps, those of unpacking included."""
    memory_j: tuple[Floats, ...]
    host_j: Floats
    static_j: Floats
    """What `running_power_w` comes to over the latency."""

    def total_j(self) -> Floats:
        """Return the sum of the components: (3, chips, rows)."""
        nearest, *others = self.memory_j
        return self.mac_j + sum(others, nearest) + self.host_j + self.static_j


def energy_terms(
    ops: OpTable, chip: Chip, *, rates: RowRates, level_bytes: LevelBytes, latency_s: Floats
) -> EnergyTerms:
    """Return the energy of each row by component.

    `level_bytes`: (chips, rows) per level; `latency_s`: (3, chips, rows).
    """
    step_j = np.where(rates.on_host, 0.0, corners(chip.energy.step_j, more_is_faster=False))
    return EnergyTerms(
        mac_j=work(ops) * np.where(is_product(ops), rates.mac_j, step_j)
        + unpacked(ops, rates, chip).steps * step_j,
        memory_j=tuple(
            crossing * corners(level.energy_j_per_byte, more_is_faster=False)
            for level, crossing in zip(chip.levels, level_bytes, strict=True)
        ),
        host_j=np.where(
            rates.on_host, corners(chip.energy.host_power_w, more_is_faster=False) * latency_s, 0.0
        ),
        static_j=running_power_w(chip) * latency_s,
    )


def running_power_w(chip: Chip) -> Floats:
    """Return what the chip draws while it runs, whatever it does: (3, chips, 1).

    Static power, and the first unit's clock times the energy of a cycle. Voltage is part of both numbers, so
    a faster clock costs what it does at the same voltage.
    """
    static_w = corners(chip.energy.static_power_w, more_is_faster=False)
    if chip.energy.clock_j is None:
        return static_w
    per_cycle_j = corners(chip.energy.clock_j, more_is_faster=False)
    return static_w + per_cycle_j * corners(chip.units[0].clock_hz, more_is_faster=False)
