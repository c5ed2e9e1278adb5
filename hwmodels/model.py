"""`cost`: what every op of a table costs on a chip. Pure, and vectorised over rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hwmodels.chip import Chip
from hwmodels.cost_table import BoundBy, CostTable, Interval
from hwmodels.interval import interval
from hwmodels.op_table import Floats, Ints, OpTable
from hwmodels.placement import Placement
from hwmodels.quantity import NOMINAL
from hwmodels.terms import start_terms, terms
from hwmodels.utilisation import is_product


@dataclass(frozen=True, slots=True)
class Start:
    """What starting one phase once costs, whatever its ops: scalars."""

    latency_s: Interval
    energy_j: Interval


def start_of_inference(chip: Chip) -> Start:
    """Return the fixed cost of one phase on one chip."""
    latency_s, energy_j = start_terms(chip)
    return Start(interval(latency_s[:, 0]), interval(energy_j[:, 0]))


def cost(ops: OpTable, placement: Placement, chip: Chip) -> CostTable:
    """Return what each row costs on one chip.

    Raises:
        EdgeAsrError: if the chip has neither a rate nor a fallback for an op's class and formats.
    """
    found = terms(ops, placement, chip)
    rates, energy = found.rates, found.energy
    compute_s, transfer_s = _nominal(found.compute_s, ops), _by_level(found.transfer_s, ops)
    unpacking_s, overhead_s = _nominal(found.unpack_s, ops), _nominal(found.overhead_s, ops)
    peak_s = ops.macs / _nominal(rates.per_cycle * rates.clock_hz, ops)
    return CostTable(
        chip=chip.name,
        units=tuple(unit.name for unit in chip.units),
        levels=tuple(level.name for level in chip.levels),
        notes=rates.notes,
        phase_idx=ops.phase_idx,
        op_idx=ops.op_idx,
        unit_idx=rates.unit_idx,
        note_idx=rates.note_idx,
        utilisation=np.where(is_product(ops) & (ops.macs > 0), peak_s / np.maximum(compute_s, 1e-30), 0.0),
        compute_s=compute_s,
        transfer_s=transfer_s,
        exposed_s=_by_level(found.exposed_s, ops),
        unpack_s=unpacking_s,
        overhead_s=overhead_s,
        latency_s=interval(found.latency_s[:, 0]),
        level_bytes=np.stack([crossing[0] for crossing in found.level_bytes], axis=1),
        mac_energy_j=_nominal(energy.mac_j, ops),
        memory_energy_j=_by_level(energy.memory_j, ops),
        host_energy_j=_nominal(energy.host_j, ops),
        static_energy_j=_nominal(energy.static_j, ops),
        energy_j=interval(energy.total_j()[:, 0]),
        bound_by=_bound_by(
            np.where(rates.on_host, 0.0, compute_s),
            unpacking_s,
            overhead_s,
            np.where(rates.on_host, compute_s, 0.0),
            transfer_s,
        ),
        fits=placement.excess_bytes[0] <= 0,
        excess_bytes=placement.excess_bytes[0],
        excess_level=placement.excess_level[0],
    )


def _nominal(term: Floats, ops: OpTable) -> Floats:
    """Return the nominal values on the only chip, (rows,); terms of several chips do not broadcast."""
    shape = (1, ops.n_rows)
    nominal: Floats = term[NOMINAL]
    row: Floats = (nominal if nominal.shape == shape else np.broadcast_to(nominal, shape))[0]
    return row


def _by_level(term: Sequence[Floats], ops: OpTable) -> Floats:
    """Return the nominal values on the only chip: (rows, levels)."""
    return np.stack([_nominal(each, ops) for each in term], axis=1)


def _bound_by(
    compute_s: Floats, unpacking_s: Floats, overhead_s: Floats, host_s: Floats, transfer_s: Floats
) -> Ints:
    """Return the code of the largest term of each row, in the order of `BoundBy`."""
    terms_s = np.column_stack((compute_s, unpacking_s, overhead_s, host_s, transfer_s))
    codes = np.array(
        [BoundBy.COMPUTE, BoundBy.UNPACK, BoundBy.OVERHEAD, BoundBy.HOST]
        + [BoundBy.MEMORY + idx for idx in range(transfer_s.shape[1])],
        dtype=np.int64,
    )
    bound_by: Ints = codes[np.argmax(terms_s, axis=1)]
    return bound_by
