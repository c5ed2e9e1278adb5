"""`cost`: what every op of a table costs on a chip. Pure, and vectorised over rows."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hwmodels import cpu, dsp, mcu, npu
from hwmodels.chip import Chip, Family, Level
from hwmodels.cost_table import BoundBy, CostTable, Interval
from hwmodels.energy import energy_terms
from hwmodels.interval import interval
from hwmodels.op_table import Floats, Ints, OpTable
from hwmodels.overlap import combined_s
from hwmodels.placement import Placement
from hwmodels.quantity import corners
from hwmodels.rates import row_rates
from hwmodels.traffic import Traffic
from hwmodels.unpack import stored_weight_bytes, unpack_s
from hwmodels.utilisation import compute_cycles, is_product

FAMILIES: Mapping[Family, Traffic] = {
    "npu": npu.level_bytes,
    "mcu": mcu.level_bytes,
    "dsp": dsp.level_bytes,
    "cpu": cpu.level_bytes,
}
FLOAT32_BYTES = 4.0
NOMINAL = 1
"""Index of the nominal corner."""


@dataclass(frozen=True, slots=True)
class Start:
    """What starting one phase once costs, whatever its ops: scalars."""

    latency_s: Interval
    energy_j: Interval


def start_of_inference(chip: Chip) -> Start:
    """Return the fixed cost of one phase: its delay, and static power over it."""
    latency_s = corners(chip.overheads.per_inference_s, more_is_faster=False)[:, 0]
    energy_j = latency_s * corners(chip.energy.static_power_w, more_is_faster=False)[:, 0]
    return Start(interval(latency_s), interval(energy_j))


def cost(ops: OpTable, placement: Placement, chip: Chip) -> CostTable:
    """Return what each row costs.

    Raises:
        EdgeAsrError: if the chip has neither a rate nor a fallback for an op's class and formats.
    """
    rates = row_rates(ops, chip)
    weight_bytes = stored_weight_bytes(ops, rates)
    level_bytes = FAMILIES[chip.family](ops, placement, chip, rates=rates, weight_bytes=weight_bytes)
    compute_s = compute_cycles(ops, rates) / rates.clock_hz
    unpacking_s = unpack_s(ops, rates, chip)
    transfer_s = np.stack(
        [_transfer_s(level, level_bytes[:, idx]) for idx, level in enumerate(chip.levels)], axis=2
    )
    hop_s = np.where(rates.on_host, corners(chip.overheads.host_hop_s, more_is_faster=False), 0.0)
    overhead_s = corners(chip.overheads.per_op_s, more_is_faster=False) + hop_s + _leaving_s(ops, chip)
    exposed_s = _exposed_s(ops, placement, chip)
    latency_s = combined_s(
        chip.overlap,
        compute_s=compute_s,
        unpack_s=unpacking_s,
        exposed_s=exposed_s,
        transfer_s=transfer_s,
        overhead_s=overhead_s,
    )
    energy = energy_terms(ops, chip, rates=rates, level_bytes=level_bytes, latency_s=latency_s)
    peak_s = ops.macs / (rates.per_cycle * rates.clock_hz)[NOMINAL]
    return CostTable(
        chip=chip.name,
        units=tuple(unit.name for unit in chip.units),
        levels=tuple(level.name for level in chip.levels),
        notes=rates.notes,
        phase_idx=ops.phase_idx,
        op_idx=ops.op_idx,
        unit_idx=rates.unit_idx,
        note_idx=rates.note_idx,
        utilisation=np.where(
            is_product(ops) & (ops.macs > 0), peak_s / np.maximum(compute_s[NOMINAL], 1e-30), 0.0
        ),
        compute_s=compute_s[NOMINAL],
        transfer_s=transfer_s[NOMINAL],
        exposed_s=exposed_s[NOMINAL],
        unpack_s=unpacking_s[NOMINAL],
        overhead_s=overhead_s[NOMINAL],
        latency_s=interval(latency_s),
        level_bytes=level_bytes,
        mac_energy_j=energy.mac_j[NOMINAL],
        memory_energy_j=energy.memory_j[NOMINAL],
        host_energy_j=energy.host_j[NOMINAL],
        static_energy_j=energy.static_j[NOMINAL],
        energy_j=interval(energy.total_j()),
        bound_by=_bound_by(
            np.where(rates.on_host, 0.0, compute_s[NOMINAL]),
            unpacking_s[NOMINAL],
            overhead_s[NOMINAL],
            np.where(rates.on_host, compute_s[NOMINAL], 0.0),
            transfer_s[NOMINAL],
        ),
        fits=placement.excess_bytes <= 0,
        excess_bytes=placement.excess_bytes,
        excess_level=placement.excess_level,
    )


def _transfer_s(level: Level, level_bytes: Floats) -> Floats:
    """Return the seconds a level's port is busy: (3, rows); 0 where its rates already include it."""
    if level.bandwidth_bytes_per_s is None:
        return np.zeros((3, len(level_bytes)))
    latency_s = np.where(level_bytes > 0, corners(level.latency_s, more_is_faster=False), 0.0)
    return level_bytes / corners(level.bandwidth_bytes_per_s, more_is_faster=True) + latency_s


def _exposed_s(ops: OpTable, placement: Placement, chip: Chip) -> Floats:
    """Return the seconds of loading first and storing last tiles that no other op hides: (3, rows, levels).

    A product without prefetching holds the smaller of its moving operand and its result whole: that one is
    loaded before it computes, or stored after.
    """
    if chip.tiling.prefetches:
        return np.zeros((3, ops.n_rows, len(chip.levels)))
    held_bytes = np.where(is_product(ops), np.minimum(ops.input_bytes, ops.output_bytes), 0.0)
    per_level = [
        _transfer_s(level, np.where(placement.activation_level == idx, held_bytes, 0.0))
        for idx, level in enumerate(chip.levels)
    ]
    return np.stack(per_level, axis=2)


def _leaving_s(ops: OpTable, chip: Chip) -> Floats:
    """Return the seconds of converting float results that leave the graph to float32: (3, rows).

    What the nearest level that holds activations can take is converted on the way; only the rest waits.
    """
    per_s = chip.overheads.float_results_bytes_per_s
    if per_s is None:
        return np.zeros((3, ops.n_rows))
    nearest = next(level for level in chip.levels if "activations" in level.holds)
    is_float = np.array([*(fmt.is_float for fmt in ops.formats), False])[ops.activation_format]
    leaving_bytes = np.where(is_float, ops.leaving_elements * FLOAT32_BYTES, 0.0)
    waiting = np.maximum(leaving_bytes - nearest.size_bytes.value, 0.0)
    return waiting / corners(per_s, more_is_faster=True)


def _bound_by(
    compute_s: Floats, unpacking_s: Floats, overhead_s: Floats, host_s: Floats, transfer_s: Floats
) -> Ints:
    """Return the code of the largest term of each row, in the order of `BoundBy`."""
    terms = np.column_stack((compute_s, unpacking_s, overhead_s, host_s, transfer_s))
    codes = np.array(
        [BoundBy.COMPUTE, BoundBy.UNPACK, BoundBy.OVERHEAD, BoundBy.HOST]
        + [BoundBy.MEMORY + idx for idx in range(transfer_s.shape[1])],
        dtype=np.int64,
    )
    bound_by: Ints = codes[np.argmax(terms, axis=1)]
    return bound_by
