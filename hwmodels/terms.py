"""What every op's time and energy are made of, on one chip or on many that differ in numbers only.

Arrays have an axis for chips, of length 1 for whatever no varied number reaches: a bandwidth that varies
makes its own transfers vary, and leaves the tiles alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from hwmodels import cpu, dsp, mcu, npu
from hwmodels.chip import Chip, Family, Level
from hwmodels.energy import EnergyTerms, energy_terms, running_power_w
from hwmodels.op_table import Floats, OpClass, OpTable
from hwmodels.overlap import combined_s
from hwmodels.placement import Placement
from hwmodels.quantity import NOMINAL, corners, nominal
from hwmodels.row_rates import RowRates, row_rates
from hwmodels.scales import scales_s
from hwmodels.spill import spill_level, spilled_bytes
from hwmodels.traffic import LevelBytes, Traffic
from hwmodels.unpack import stored_weight_bytes, unpack_s
from hwmodels.utilisation import compute_cycles, is_product

FAMILIES: Mapping[Family, Traffic] = {
    "npu": npu.level_bytes,
    "mcu": mcu.level_bytes,
    "dsp": dsp.level_bytes,
    "cpu": cpu.level_bytes,
}
FLOAT32_BYTES = 4.0


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms of every row: (3, chips, rows) for optimistic, nominal and pessimistic, or one such per level."""

    rates: RowRates
    level_bytes: LevelBytes
    compute_s: Floats
    unpack_s: Floats
    transfer_s: tuple[Floats, ...]
    exposed_s: tuple[Floats, ...]
    """Transfers of first and last tiles, which nothing hides; beside `transfer_s`."""
    overhead_s: Floats
    latency_s: Floats
    energy: EnergyTerms


def terms(ops: OpTable, placement: Placement, chip: Chip) -> Terms:
    """Return what each row's time and energy are made of.

    Raises:
        EdgeAsrError: if the chip has neither a rate nor a fallback for an op's class and formats.
    """
    rates = row_rates(ops, chip)
    weight_bytes = stored_weight_bytes(ops, rates)
    level_bytes = FAMILIES[chip.family](ops, placement, chip, rates=rates, weight_bytes=weight_bytes)
    compute_s = _compute_s(ops, rates, chip)
    unpacking_s = unpack_s(ops, rates, chip)
    spilled, spills_to = spilled_bytes(ops, chip, rates), spill_level(chip)
    transfer_s = tuple(
        np.maximum(
            _transfer_s(level, crossing + spilled if idx == spills_to else crossing) / _share(ops, level),
            np.where(placement.weight_level == idx, scales_s(ops, level, rates), 0.0),
        )
        for idx, (level, crossing) in enumerate(zip(chip.levels, level_bytes, strict=True))
    )
    level_bytes = tuple(
        crossing + spilled[NOMINAL] if idx == spills_to else crossing
        for idx, crossing in enumerate(level_bytes)
    )
    exposed_s = _exposed_s(ops, placement, chip)
    hop_s = np.where(rates.on_host, corners(chip.overheads.host_hop_s, more_is_faster=False), 0.0)
    overhead_s = corners(chip.overheads.per_op_s, more_is_faster=False) + hop_s + _leaving_s(ops, chip)
    latency_s = combined_s(
        chip,
        compute_s=compute_s,
        unpack_s=unpacking_s,
        exposed_s=exposed_s,
        transfer_s=transfer_s,
        overhead_s=overhead_s,
    )
    return Terms(
        rates=rates,
        level_bytes=level_bytes,
        compute_s=compute_s,
        unpack_s=unpacking_s,
        transfer_s=transfer_s,
        exposed_s=exposed_s,
        overhead_s=overhead_s,
        latency_s=latency_s,
        energy=energy_terms(ops, chip, rates=rates, level_bytes=level_bytes, latency_s=latency_s),
    )


def start_terms(chip: Chip) -> tuple[Floats, Floats]:
    """Return the fixed delay of one phase, and what the chip draws over it: (3, chips) each."""
    clock_hz = corners(chip.units[0].clock_hz, more_is_faster=True)
    cycles = chip.overheads.per_inference_cycles
    starting_s = 0.0 if cycles is None else corners(cycles, more_is_faster=False) / clock_hz
    latency_s = (corners(chip.overheads.per_inference_s, more_is_faster=False) + starting_s)[..., 0]
    return latency_s, latency_s * running_power_w(chip)[..., 0]


def _transfer_s(level: Level, level_bytes: Floats) -> Floats:
    """Return the seconds a level's port is busy: (3, chips, rows); 0 where its rates already include it.

    `level_bytes`: (chips, rows) or (3, chips, rows)
    """
    if level.bandwidth_bytes_per_s is None:
        return np.zeros((3, 1, level_bytes.shape[-1]))
    latency_s = np.where(level_bytes > 0, corners(level.latency_s, more_is_faster=False), 0.0)
    return level_bytes / corners(level.bandwidth_bytes_per_s, more_is_faster=True) + latency_s


def _share(ops: OpTable, level: Level) -> Floats:
    """Return the share of a level's bandwidth that each row gets: (3, chips, rows)."""
    if level.matvec_share is None:
        return np.ones((3, 1, ops.n_rows))
    matvec_share = corners(level.matvec_share, more_is_faster=True)
    return np.where(ops.op_class == OpClass.MATVEC, matvec_share, 1.0)


def _exposed_s(ops: OpTable, placement: Placement, chip: Chip) -> tuple[Floats, ...]:
    """Return the seconds of loading first and storing last tiles that no other op hides, by level.

    A product without prefetching holds the smaller of its moving operand and its result whole: that one is
    loaded before it computes, or stored after. With `exposed_bytes`, a first and a last tile wait instead.
    """
    nothing = np.zeros((3, 1, ops.n_rows))
    waiting = _waiting_bytes(ops, chip)
    return tuple(
        sum(
            (
                _transfer_s(level, np.where((placement.activation_level == idx) & is_product(ops), each, 0.0))
                for each in waiting
            ),
            nothing,
        )
        for idx, level in enumerate(chip.levels)
    )


def _waiting_bytes(ops: OpTable, chip: Chip) -> tuple[Floats, ...]:
    """Return the bytes of each transfer that nothing hides: (chips, rows) each."""
    tile = chip.tiling.exposed_bytes
    if tile is not None:
        return np.minimum(ops.input_bytes, nominal(tile)), np.minimum(ops.output_bytes, nominal(tile))
    if chip.tiling.prefetches:
        return ()
    return (np.minimum(ops.input_bytes, ops.output_bytes)[None],)


def _compute_s(ops: OpTable, rates: RowRates, chip: Chip) -> Floats:
    """Return the seconds each row keeps its unit busy: (3, chips, rows).

    Where tensors are written to their places in what joins them, joining takes what is left to be copied. Of
    integers that are those which others read too: what a join alone reads is made in the scale of the whole
    at once, but of several readers each wants its own.
    """
    joined = (ops.op_class == OpClass.LAYOUT) & (ops.second_bytes > 0) & chip.tiling.joins_in_place
    is_float = np.array([*(fmt.is_float for fmt in ops.formats), False])[ops.activation_format]
    left = np.where(joined, np.where(is_float, 0.0, ops.copied_elements), ops.elements)
    cycles = compute_cycles(replace(ops, elements=left), rates)
    return np.where(joined & (left == 0), 0.0, cycles / rates.clock_hz)


def _leaving_s(ops: OpTable, chip: Chip) -> Floats:
    """Return the seconds of converting float results that leave the graph to float32: (3, chips, rows).

    What the nearest level that holds activations can take is converted on the way; only the rest waits.
    """
    per_s = chip.overheads.float_results_bytes_per_s
    if per_s is None:
        return np.zeros((3, 1, ops.n_rows))
    nearest = next(level for level in chip.levels if "activations" in level.holds)
    is_float = np.array([*(fmt.is_float for fmt in ops.formats), False])[ops.activation_format]
    leaving_bytes = np.where(is_float, ops.leaving_elements * FLOAT32_BYTES, 0.0)
    waiting = np.maximum(leaving_bytes - nominal(nearest.size_bytes), 0.0)
    return waiting / corners(per_s, more_is_faster=True)
