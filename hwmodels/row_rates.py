"""The rates of a table's rows as arrays: what `rate_choice` finds, once per class and pair of formats."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hwmodels.chip import AS_RATED, Chip
from hwmodels.format_class import bits_of
from hwmodels.lanes import RowLanes, row_lanes
from hwmodels.op_table import PRODUCTS, Bools, Floats, Ints, OpClass, OpTable
from hwmodels.quantity import NOMINAL, Quantity, amount_of, corner_table
from hwmodels.rate_choice import Choice, choose
from traces.errors import EdgeAsrError
from traces.formats import Format

FLOAT_BYTES = 4.0
_NEVER = Quantity.exact(np.inf, "derived", "no work of this kind is done")
_NOTHING = Quantity.exact(0.0, "derived", "no cost of this kind arises")
_UNSET = Quantity.exact(np.nan, "derived", "another rule holds")


@dataclass(frozen=True, slots=True)
class RowRates:
    """The choices of a table's rows as arrays: (rows,) for what is alike on all chips costed at once.

    Numbers that may vary between them are (chips, rows), or (3, chips, rows) for optimistic, nominal and
    pessimistic; `chips` is 1 where they do not vary.
    """

    unit_idx: Ints
    note_idx: Ints
    notes: tuple[str, ...]
    lanes: RowLanes
    whole_window: Bools
    serial: Bools
    packs_groups: Bools
    clock_hz: Floats
    """Clock times speed: rated cycles done per second."""
    per_cycle: Floats
    fill_cycles: Floats
    start_cycles: Floats
    output_cycles: Floats
    slab_cycles: Floats
    group_cycles: Floats
    decoded_per_cycle: Floats
    """Weights that reach the multipliers per cycle; inf where that never limits."""
    results_at_once: Floats
    """Results that wait for the output stage together; 0 where they leave one by one."""
    issue_share: Floats
    """Share of all that a block of them takes after which the next can start; 0 where that never limits."""
    rows_per_pass: Floats
    """inf where results that do not fit are cut to tiles."""
    bytes_per_mac: Floats
    """(chips, rows): nan where operands are reused by tiling."""
    on_host: Bools
    cast: Bools
    partial_sums: Bools
    weights_per_s: Floats
    """Weights widened per second; inf where none are."""
    stored_bytes_per_weight: Floats
    """(chips, rows): nan where the graph's own stored bytes hold."""
    activation_bytes: Floats
    """(rows,): width of the moving operand as computed."""
    weight_bytes: Floats
    """(rows,): width of the weight, or of the second operand, as computed."""
    mac_j: Floats


@dataclass(frozen=True, slots=True)
class _Columns:
    """The distinct choices, and which of them each row takes: what is picked of choices becomes a column."""

    choices: tuple[Choice, ...]
    rows: Ints

    def faster(self, pick: Callable[[Choice], Quantity]) -> Floats:
        """Return numbers of which more is faster: (3, chips, rows)."""
        return corner_table(tuple(map(pick, self.choices)), more_is_faster=True)[..., self.rows]

    def slower(self, pick: Callable[[Choice], Quantity]) -> Floats:
        """Return numbers of which more is slower, or costs more: (3, chips, rows)."""
        return corner_table(tuple(map(pick, self.choices)), more_is_faster=False)[..., self.rows]

    def floats(self, pick: Callable[[Choice], float]) -> Floats:
        """Return numbers of no chip: (rows,)."""
        return np.array([pick(choice) for choice in self.choices], dtype=np.float64)[self.rows]

    def flags(self, pick: Callable[[Choice], bool]) -> Bools:
        """Return what holds or does not: (rows,)."""
        return np.array([pick(choice) for choice in self.choices], dtype=np.bool_)[self.rows]

    def places(self, pick: Callable[[Choice], str], names: tuple[str, ...]) -> Ints:
        """Return indices into names: (rows,)."""
        return np.array([names.index(pick(choice)) for choice in self.choices], dtype=np.int64)[self.rows]


def row_rates(ops: OpTable, chip: Chip) -> RowRates:
    """Return the rate of every row; each distinct combination of class and formats is looked up once.

    Raises:
        EdgeAsrError: from `choose`, and where a format has no energy.
    """
    of = _chosen(ops, chip)
    notes = ("", *sorted({choice.note for choice in of.choices} - {""}))
    convolution_start = of.slower(
        lambda c: c.rate.convolution_start_cycles or c.rate.start_cycles or _NOTHING
    )
    other_start = of.slower(lambda c: c.rate.start_cycles or _NOTHING)
    return RowRates(
        unit_idx=of.places(lambda c: c.unit.name, tuple(unit.name for unit in chip.units)),
        note_idx=of.places(lambda c: c.note, notes),
        notes=notes,
        lanes=row_lanes(tuple(choice.rate.lanes for choice in of.choices), of.rows),
        whole_window=of.flags(lambda c: c.rate.whole_window),
        serial=of.flags(lambda c: c.rate.serial),
        packs_groups=of.flags(lambda c: c.rate.packs_groups),
        clock_hz=of.faster(lambda c: c.unit.clock_hz) * of.faster(lambda c: c.unit.speed or AS_RATED),
        per_cycle=of.faster(lambda c: c.rate.per_cycle),
        fill_cycles=of.slower(lambda c: c.rate.fill_cycles),
        start_cycles=np.where(ops.convolution, convolution_start, other_start),
        output_cycles=of.slower(lambda c: c.rate.output_cycles or _NOTHING),
        slab_cycles=of.slower(lambda c: c.rate.slab_cycles or _NOTHING),
        group_cycles=of.slower(lambda c: c.rate.group_cycles or _NOTHING),
        decoded_per_cycle=of.faster(lambda c: c.rate.weights_per_cycle or _NEVER),
        results_at_once=of.slower(lambda c: c.rate.results_at_once or _NOTHING),
        issue_share=of.slower(lambda c: c.rate.issue_share or _NOTHING),
        rows_per_pass=of.faster(lambda c: c.rate.rows_per_pass or _NEVER),
        bytes_per_mac=of.slower(lambda c: c.rate.bytes_per_mac or _UNSET)[NOMINAL],
        on_host=of.flags(lambda c: c.on_host),
        cast=of.flags(lambda c: c.cast),
        partial_sums=of.flags(lambda c: c.partial_sums),
        weights_per_s=of.faster(lambda c: _weights_per_cycle(chip, c)) * _unpacking_hz(chip),
        stored_bytes_per_weight=of.slower(lambda c: _bytes_per_weight(chip, c))[NOMINAL],
        activation_bytes=of.floats(lambda c: _computed_bytes(c, c.rate.activation)),
        weight_bytes=of.floats(lambda c: _computed_bytes(c, c.rate.weight)),
        mac_j=of.slower(lambda c: _mac_energy(chip, c)),
    )


def _chosen(ops: OpTable, chip: Chip) -> _Columns:
    """Return how the chip does each distinct combination of class, formats and, where it matters, window."""
    is_limited = any(rate.windows for rate in chip.rates)
    windows, window = np.unique(ops.kernel if is_limited else np.ones(ops.n_rows), return_inverse=True)
    formats: tuple[Format | None, ...] = (None, *ops.formats)  # codes start at -1: no such operand
    shape = (len(OpClass), len(formats), len(formats), max(len(windows), 1))
    keys = (ops.op_class, ops.weight_format + 1, ops.activation_format + 1, window)
    distinct, rows = np.unique(np.ravel_multi_index(keys, shape), return_inverse=True)
    choices = (
        choose(
            chip,
            OpClass(op),
            weight=formats[weight],
            activation=formats[activation],
            window=int(windows[window_idx]),
        )
        for op, weight, activation, window_idx in zip(*np.unravel_index(distinct, shape), strict=True)
    )
    return _Columns(tuple(choices), rows)


def _computed_bytes(choice: Choice, operand: str) -> float:
    """Return the width an operand is computed in: that of its own class, or else of the wider."""
    name = operand or choice.energy_class
    return bits_of(name) / 8 if name else FLOAT_BYTES


def _weights_per_cycle(chip: Chip, choice: Choice) -> Quantity:
    if not choice.unpacked_from:
        return _NEVER
    found = amount_of(chip.unpacking.weights_per_cycle, choice.unpacked_from) if chip.unpacking else None
    if found is None:
        raise EdgeAsrError(
            f"chip {chip.name}: a fallback unpacks {choice.unpacked_from} weights, but "
            f"unpacking.weights_per_cycle has no entry '{choice.unpacked_from}'; add it"
        )
    return found


def _unpacking_hz(chip: Chip) -> Floats:
    if chip.unpacking is None:
        return np.ones((3, 1, 1))
    return chip.unit(chip.unpacking.unit).pace_hz()


def _bytes_per_weight(chip: Chip, choice: Choice) -> Quantity:
    """Return what a weight occupies where it is not what the graph says: coded, or stored wider."""
    if not choice.stored or choice.on_host:
        return _UNSET
    wider = Quantity.exact(bits_of(choice.stored) / 8, "derived", "stored as it is computed")
    return amount_of(chip.codec, choice.stored) or wider


def _mac_energy(chip: Chip, choice: Choice) -> Quantity:
    if not choice.energy_class or choice.op not in PRODUCTS:
        return _NOTHING
    found = amount_of(chip.energy.mac_j, choice.energy_class)
    if found is None:
        raise EdgeAsrError(
            f"chip {chip.name}: rates.{choice.rate.name} computes in {choice.energy_class}, but energy.mac_j "
            f"has no entry '{choice.energy_class}'; add it"
        )
    return found
