"""Which rate an op gets: looked up by class and formats, walking the chip's fallbacks; never scaled."""

from dataclasses import dataclass

import numpy as np

from hwmodels.chip import Chip, Fallback, FormatQuantity, Rate, Remedy, Unit
from hwmodels.format_class import bits_of, format_class
from hwmodels.lanes import lane_table
from hwmodels.op_table import Bools, Floats, Ints, OpClass, OpTable
from hwmodels.quantity import NOMINAL, Quantity, corner_table, corners
from traces.errors import EdgeAsrError
from traces.formats import Format, Granularity

PRODUCTS = (OpClass.DENSE, OpClass.DEPTHWISE, OpClass.MATVEC, OpClass.ACTIVATION_PRODUCT)
"""Classes whose work is counted in MACs; all others in elementary vector steps."""
_WITH_WEIGHTS = (OpClass.DENSE, OpClass.DEPTHWISE, OpClass.MATVEC)
AS_RATED = Quantity.exact(1.0, "derived", "the rates say it all")
_NEVER = Quantity.exact(np.inf, "derived", "no work of this kind is done")
_NOTHING = Quantity.exact(0.0, "derived", "no cost of this kind arises")
_UNSET = Quantity.exact(np.nan, "derived", "another rule holds")


def pace_hz(unit: Unit) -> Floats:
    """Return the rated cycles a unit does per second: (3, chips, 1), clock times speed."""
    return corners(unit.clock_hz, more_is_faster=True) * corners(unit.speed or AS_RATED, more_is_faster=True)


@dataclass(frozen=True, slots=True)
class Choice:
    """How a chip does one op class with one pair of formats."""

    op: OpClass
    rate: Rate
    stored: str
    """The format class weights are stored in; empty without weights."""
    unpacked_from: str
    """The format class that software widens at every use; empty where none."""
    partial_sums: bool
    """Whether partial sums are scaled and added because weights have several scales per output channel."""
    cast: bool
    """Whether activations are converted before the op, and its result after it."""
    energy_class: str
    """The format class computed in: the wider of the rate's own, or of the operands where it takes any."""
    note: str


def choose(
    chip: Chip, op: OpClass, weight: Format | None, activation: Format | None, *, window: int = 1
) -> Choice:
    """Return how the chip does an op, following its fallbacks until a rate is found.

    `window` is how many elements a convolution's window has, 1 for products.

    Raises:
        EdgeAsrError: if no rate and no fallback is left; the message names class, formats and window.
    """
    weight_class = format_class(weight) if weight else ""
    activation_class = format_class(activation) if activation else weight_class
    asked = f"{op.label} of {weight_class or 'no weight'} x {activation_class or 'no activation'}"
    if window > 1:
        asked += f" over windows of {window}"
    fitting = tuple(rate for rate in chip.rates if not rate.windows or window in rate.windows)
    grouped = weight is not None and weight.granularity is Granularity.GROUP
    stored = weight_class if op in _WITH_WEIGHTS else ""
    unpacked_from, cast, on_host = "", False, False
    reasons: list[str] = []
    unused = list(chip.fallbacks)
    while True:
        fallback = _next(unused, op, weight_class, activation_class, grouped=grouped, only_grouped=True)
        rate = None if fallback else _find(chip, fitting, op, weight_class, activation_class, on_host=on_host)
        if rate is not None:
            break
        fallback = fallback or _next(
            unused, op, weight_class, activation_class, grouped=grouped, only_grouped=False
        )
        if fallback is None or on_host:
            raise EdgeAsrError(
                f"chip {chip.name}: no rate and no fallback for {asked}; add one under 'rates' or 'fallbacks'"
            )
        unused.remove(fallback)
        reasons.append(fallback.reason)
        match fallback.remedy:
            case Remedy.HOST:
                on_host = True
                grouped, cast, unpacked_from = False, False, ""
            case Remedy.CAST:
                cast = True
            case Remedy.EXPAND:
                stored, grouped = fallback.weight, False
            case Remedy.UNPACK:
                unpacked_from = weight_class
            case Remedy.DECODE | Remedy.REPLACE:
                pass
        if op is OpClass.ACTIVATION_PRODUCT and weight_class in fallback.activations:
            weight_class = fallback.activation or weight_class  # both operands are activations
        weight_class = fallback.weight or weight_class
        activation_class = fallback.activation or activation_class
        grouped = grouped and weight_class.startswith("int")
    computed = [name for name in (rate.weight, rate.activation) if name]
    wider = max(computed or [weight_class, activation_class], key=lambda name: bits_of(name) if name else 0)
    return Choice(
        op=op,
        rate=rate,
        stored=stored,
        unpacked_from=unpacked_from,
        partial_sums=grouped,
        cast=cast,
        energy_class="" if on_host else wider,
        note="; ".join(reasons),
    )


def _find(
    chip: Chip, rates: tuple[Rate, ...], op: OpClass, weight: str, activation: str, *, on_host: bool
) -> Rate | None:
    for rate in rates:
        if op not in rate.ops or (op in PRODUCTS and rate.weight not in ("", weight)):
            continue
        if activation and rate.activation not in ("", activation):
            continue
        if (chip.unit(rate.unit).kind == "host") is on_host:
            return rate
    return None


def _next(
    fallbacks: list[Fallback], op: OpClass, weight: str, activation: str, *, grouped: bool, only_grouped: bool
) -> Fallback | None:
    for fallback in fallbacks:
        if only_grouped and not (grouped and fallback.grouped):
            continue
        if fallback.grouped is not None and fallback.grouped != grouped:
            continue
        if fallback.ops and op not in fallback.ops:
            continue
        if fallback.weights and weight not in fallback.weights:
            continue
        if fallback.activations and activation not in fallback.activations:
            continue
        return fallback
    return None


@dataclass(frozen=True, slots=True)
class RowRates:
    """The choices of a table's rows as arrays: (rows,) for what is alike on all chips costed at once.

    Numbers that may vary between them are (chips, rows), or (3, chips, rows) for optimistic, nominal and
    pessimistic; `chips` is 1 where they do not vary.
    """

    unit_idx: Ints
    note_idx: Ints
    notes: tuple[str, ...]
    per_cycle: Floats
    clock_hz: Floats
    """Clock times speed: rated cycles done per second."""
    fill_cycles: Floats
    start_cycles: Floats
    output_cycles: Floats
    slab_cycles: Floats
    decoded_per_cycle: Floats
    """Weights that reach the multipliers per cycle; inf where that never limits."""
    results_at_once: Floats
    """Results that wait for the output stage together; 0 where they leave one by one."""
    lanes_batch: Floats
    """(chips, rows), as the next three."""
    lanes_m: Floats
    lanes_k: Floats
    lanes_n: Floats
    lanes_m_inner: Floats
    """0 where blocks are cut along m as a whole."""
    whole_window: Bools
    serial: Bools
    packs_groups: Bools
    lanes_flat: Floats
    lanes_window: Floats
    lanes_deep: Floats
    bytes_per_mac: Floats
    """(chips, rows): nan where operands are reused by tiling."""
    rows_per_pass: Floats
    """inf where results that do not fit are cut to tiles."""
    on_host: Bools
    cast: Bools
    partial_sums: Bools
    weights_per_s: Floats
    """Weights widened per second; inf where none are."""
    stored_bytes_per_weight: Floats
    """(chips, rows): nan where the graph's own stored bytes hold."""
    mac_j: Floats
    activation_bytes: Floats
    """(rows,): width of the moving operand as computed."""
    weight_bytes: Floats
    """(rows,): width of the weight, or of the second operand, as computed."""


def row_rates(ops: OpTable, chip: Chip) -> RowRates:
    """Return the rate of every row; each distinct combination of class and formats is looked up once.

    Raises:
        EdgeAsrError: from `choose`, and where a format has no energy.
    """
    n_codes = len(ops.formats) + 1
    is_limited = any(rate.windows for rate in chip.rates)
    windows, window = np.unique(ops.kernel if is_limited else np.ones(ops.n_rows), return_inverse=True)
    classes = (ops.op_class * n_codes + ops.weight_format + 1) * n_codes + ops.activation_format + 1
    distinct, inverse = np.unique(classes * max(len(windows), 1) + window, return_inverse=True)
    formats: tuple[Format | None, ...] = (None, *ops.formats)
    choices = [
        choose(
            chip,
            OpClass(code // n_codes**2),
            formats[code // n_codes % n_codes],
            formats[code % n_codes],
            window=int(windows[idx]),
        )
        for code, idx in (divmod(int(each), len(windows)) for each in distinct)
    ]
    unit_names = [unit.name for unit in chip.units]
    notes = ("", *sorted({choice.note for choice in choices} - {""}))
    lanes = [choice.rate.lanes for choice in choices]
    shapes = [(each.m_inner, each.flat, each.window, each.deep) for each in lanes]
    m_inner, flat, window_at_once, deep = np.array(shapes, dtype=float).reshape(-1, 4)[inverse].T
    widths = np.array([_widths(choice) for choice in choices], dtype=float).reshape(-1, 2)[inverse]

    def table(quantities: list[Quantity], *, more_is_faster: bool) -> Floats:
        return corner_table(tuple(quantities), more_is_faster=more_is_faster)[..., inverse]

    def flags(values: list[bool]) -> Bools:
        return np.array(values, dtype=bool)[inverse]

    return RowRates(
        unit_idx=np.array([unit_names.index(c.rate.unit) for c in choices], dtype=np.int64)[inverse],
        note_idx=np.array([notes.index(c.note) for c in choices], dtype=np.int64)[inverse],
        notes=notes,
        per_cycle=table([c.rate.per_cycle for c in choices], more_is_faster=True),
        clock_hz=table([chip.unit(c.rate.unit).clock_hz for c in choices], more_is_faster=True)
        * table([chip.unit(c.rate.unit).speed or AS_RATED for c in choices], more_is_faster=True),
        fill_cycles=table([c.rate.fill_cycles for c in choices], more_is_faster=False),
        start_cycles=np.where(
            ops.convolution,
            table([_convolution_start(c.rate) for c in choices], more_is_faster=False),
            table([c.rate.start_cycles or _NOTHING for c in choices], more_is_faster=False),
        ),
        output_cycles=table([c.rate.output_cycles or _NOTHING for c in choices], more_is_faster=False),
        slab_cycles=table([c.rate.slab_cycles or _NOTHING for c in choices], more_is_faster=False),
        decoded_per_cycle=table([c.rate.weights_per_cycle or _NEVER for c in choices], more_is_faster=True),
        results_at_once=table([c.rate.results_at_once or _NOTHING for c in choices], more_is_faster=False),
        packs_groups=flags([c.rate.packs_groups for c in choices]),
        lanes_batch=lane_table(tuple(each.batch for each in lanes))[:, inverse],
        lanes_m=lane_table(tuple(each.m for each in lanes))[:, inverse],
        lanes_k=lane_table(tuple(each.k for each in lanes))[:, inverse],
        lanes_n=lane_table(tuple(each.n for each in lanes))[:, inverse],
        lanes_m_inner=m_inner,
        lanes_flat=flat,
        whole_window=flags([c.rate.whole_window for c in choices]),
        serial=flags([c.rate.serial for c in choices]),
        lanes_window=window_at_once,
        lanes_deep=deep,
        bytes_per_mac=table([c.rate.bytes_per_mac or _UNSET for c in choices], more_is_faster=False)[NOMINAL],
        rows_per_pass=table([c.rate.rows_per_pass or _NEVER for c in choices], more_is_faster=True),
        on_host=flags([chip.unit(c.rate.unit).kind == "host" for c in choices]),
        cast=flags([c.cast for c in choices]),
        partial_sums=flags([c.partial_sums for c in choices]),
        weights_per_s=table([_weights_per_cycle(chip, c) for c in choices], more_is_faster=True)
        * _unpack_clock(chip),
        stored_bytes_per_weight=table([_bytes_per_weight(chip, c) for c in choices], more_is_faster=False)[
            NOMINAL
        ],
        mac_j=table([_mac_energy(chip, c) for c in choices], more_is_faster=False),
        activation_bytes=widths[:, 0],
        weight_bytes=widths[:, 1],
    )


def _convolution_start(rate: Rate) -> Quantity:
    return rate.convolution_start_cycles or rate.start_cycles or _NOTHING


def _widths(choice: Choice) -> tuple[float, float]:
    rate = choice.rate
    wider = bits_of(choice.energy_class) / 8 if choice.energy_class else 4.0
    return (
        bits_of(rate.activation) / 8 if rate.activation else wider,
        bits_of(rate.weight) / 8 if rate.weight else wider,
    )


def _lookup(entries: tuple[FormatQuantity, ...], name: str) -> Quantity | None:
    return next((entry.amount for entry in entries if entry.name == name), None)


def _weights_per_cycle(chip: Chip, choice: Choice) -> Quantity:
    if not choice.unpacked_from:
        return _NEVER
    found = _lookup(chip.unpacking.weights_per_cycle, choice.unpacked_from) if chip.unpacking else None
    if found is None:
        raise EdgeAsrError(
            f"chip {chip.name}: a fallback unpacks {choice.unpacked_from} weights, but "
            f"unpacking.weights_per_cycle has no entry '{choice.unpacked_from}'; add it"
        )
    return found


def _unpack_clock(chip: Chip) -> Floats:
    if chip.unpacking is None:
        return np.ones((3, 1, 1))
    return pace_hz(chip.unit(chip.unpacking.unit))


def _bytes_per_weight(chip: Chip, choice: Choice) -> Quantity:
    """Return what a weight occupies where it is not what the graph says: coded, or stored wider."""
    if not choice.stored or chip.unit(choice.rate.unit).kind == "host":
        return _UNSET
    wider = Quantity.exact(bits_of(choice.stored) / 8, "derived", "stored as it is computed")
    return _lookup(chip.codec, choice.stored) or wider


def _mac_energy(chip: Chip, choice: Choice) -> Quantity:
    if not choice.energy_class or choice.op not in PRODUCTS:
        return _NOTHING
    found = _lookup(chip.energy.mac_j, choice.energy_class)
    if found is None:
        raise EdgeAsrError(
            f"chip {chip.name}: rates.{choice.rate.name} computes in {choice.energy_class}, but energy.mac_j "
            f"has no entry '{choice.energy_class}'; add it"
        )
    return found
