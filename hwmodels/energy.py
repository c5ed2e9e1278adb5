"""Energy: MACs and steps, bytes at each level, the host, and static power over the whole latency."""

from dataclasses import dataclass

import numpy as np

from hwmodels.chip import Chip
from hwmodels.op_table import Floats, OpTable
from hwmodels.quantity import corner_table, corners
from hwmodels.rates import RowRates
from hwmodels.utilisation import is_product, work


@dataclass(frozen=True, slots=True)
class EnergyTerms:
    """Joules per row: (3, rows) for optimistic, nominal, pessimistic; memory (3, rows, levels)."""

    mac_j: Floats
    """MACs and elementary vector steps."""
    memory_j: Floats
    host_j: Floats
    static_j: Floats

    def total_j(self) -> Floats:
        """Return the sum of the components: (3, rows)."""
        total: Floats = self.mac_j + self.memory_j.sum(axis=2) + self.host_j + self.static_j
        return total


def energy_terms(
    ops: OpTable, chip: Chip, *, rates: RowRates, level_bytes: Floats, latency_s: Floats
) -> EnergyTerms:
    """Return the energy of each row by component.

    `level_bytes`: (rows, levels); `latency_s`: (3, rows).
    """
    step_j = np.where(rates.on_host, 0.0, corners(chip.energy.step_j, more_is_faster=False))
    per_byte = corner_table(tuple(level.energy_j_per_byte for level in chip.levels), more_is_faster=False)
    return EnergyTerms(
        mac_j=work(ops) * np.where(is_product(ops), rates.mac_j, step_j),
        memory_j=level_bytes[None] * per_byte[:, None, :],
        host_j=np.where(
            rates.on_host, corners(chip.energy.host_power_w, more_is_faster=False) * latency_s, 0.0
        ),
        static_j=corners(chip.energy.static_power_w, more_is_faster=False) * latency_s,
    )
