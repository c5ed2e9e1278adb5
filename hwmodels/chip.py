"""A chip as the analytic models see it: units, memory levels, rates, fallbacks, overheads, energies."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import StrEnum
from typing import Literal, cast

from hwmodels.lanes import EXTENTS, Lanes
from hwmodels.op_table import OpClass
from hwmodels.quantity import Kind, Quantity, Varied, worst

Family = Literal["npu", "mcu", "dsp", "cpu"]
UnitKind = Literal["matrix", "vector", "core", "host"]
Holding = Literal["weights", "activations", "caches", "inputs"]


class Overlap(StrEnum):
    """How the terms of one op's time combine; fixed overhead always adds."""

    FULL = "full"
    """Computing, and the transfers of every level, all run side by side: the longest counts."""
    SHARED_BUS = "shared_bus"
    """Transfers run beside computing, but one after another."""
    SERIAL = "serial"
    """Nothing overlaps."""


class Order(StrEnum):
    """Which operand of a product stays in the buffer while the others stream past it."""

    WEIGHTS_STAY = "weights_stay"
    INPUTS_STAY = "inputs_stay"
    OUTPUTS_STAY = "outputs_stay"


@dataclass(frozen=True, slots=True)
class Unit:
    """Something that computes."""

    name: str
    kind: UnitKind
    clock_hz: Quantity
    speed: Quantity | None = None
    """How much faster than its rates the unit works on this board with this software: a core's wait states
    and kernels, an accelerator's idle cycles. None where the rates say it all."""


@dataclass(frozen=True, slots=True)
class Level:
    """A memory. A chip lists its levels from the nearest to the units to the farthest.

    What lives in a level crosses its port and those of all nearer levels on the way to a unit.
    """

    name: str
    size_bytes: Quantity
    bandwidth_bytes_per_s: Quantity | None
    """None where a unit's rates already include the port, which then never limits."""
    latency_s: Quantity
    """From request to first byte; charged once per op that reads the level."""
    energy_j_per_byte: Quantity
    holds: tuple[Holding, ...]
    """What may live here; a level that holds nothing is a buffer. Where one holds inputs, the caller leaves
    them there and the first op fetches them; else they lie where other activations do."""
    stages: bool
    """Whether tiles of operands that live farther away are cut to fit this level."""
    partial_write_factor: Quantity | None
    """Bytes moved per byte written when outputs arrive in pieces shorter than a burst."""
    short_read_factor: Quantity | None = None
    """Bytes moved per byte read of inputs with fewer channels than `Lanes.k`, which arrive pixel by pixel."""
    matvec_share: Quantity | None = None
    """Share of the bandwidth that weights for a single row get, whose loading has no other op to run beside;
    None where they get all of it."""
    channel_s: Quantity | None = None
    """Least time per output channel whose scale comes from here: scales are fetched one by one, and only so
    many are under way during the latency. None where that never limits."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast a unit does ops of some classes with one pair of operand formats.

    `per_cycle` counts MACs for products and convolutions, elementary vector steps for everything else.
    What is no product walks whole blocks of `lanes.m` rows by `lanes.n` elements as well, and loses
    `fill_cycles` once. `weight` is empty for ops without a weight. `bytes_per_mac` is set where products run
    without reuse, each MAC moving its operands from where they live.
    """

    name: str
    unit: str
    ops: tuple[OpClass, ...]
    weight: str
    activation: str
    per_cycle: Quantity
    fill_cycles: Quantity
    """Cycles lost per block of `lanes.batch * lanes.m * lanes.n` results: pipeline fill, requantisation."""
    start_cycles: Quantity | None
    """Cycles lost once per op: launch, first tile; None where none are."""
    output_cycles: Quantity | None
    """Least cycles per block where an output stage runs beside the multipliers; None where none limits."""
    lanes: Lanes
    bytes_per_mac: Quantity | None
    slab_cycles: Quantity | None = None
    """Cycles lost per block and `lanes.k` channels of its input, whose operands load before they multiply;
    None where loading hides."""
    whole_window: bool = False
    """Whether windows are first copied to rows (im2col), so that all of k is rounded up to `lanes.k` at once,
    not the channels at each of its positions."""
    windows: tuple[int, ...] = ()
    """Elements of the convolution windows the unit takes, 9 for a 3x3; empty where it takes any."""
    serial: bool = False
    """Whether channels of results follow each other within a block: a narrower last block takes less."""
    packs_groups: bool = False
    """Whether narrow groups of a convolution share a block, side by side, with zeros between their weights;
    else each group fills blocks of its own."""
    rows_per_pass: Quantity | None = None
    """Rows made per pass where a result that does not fit is not cut to tiles, each pass moving it whole (see
    `spill`); None where such results are cut to tiles like all others."""
    weights_per_cycle: Quantity | None = None
    """Weights, zeros of rounding included, that reach the multipliers per cycle; each is used for all rows
    of one pass. None where that never limits."""
    convolution_start_cycles: Quantity | None = None
    """Cycles lost once per convolution instead of `start_cycles`: convolutions find their input in blocks of
    an image, where other products have theirs brought into order. None where all start alike."""
    results_at_once: Quantity | None = None
    """Results accumulated before the output stage takes them: it works on these while the multipliers make
    the next, so one of both waits once per op. None where results leave one by one."""


class Remedy(StrEnum):
    """What a fallback does about a format that has no rate."""

    EXPAND = "expand"
    """Weights are stored wider, one scale per channel, before deployment; they cost the wider bytes."""
    DECODE = "decode"
    """Weights keep their width in the chip's lossless code; hardware widens them on the way to the array."""
    UNPACK = "unpack"
    """Weights stay packed in memory; software widens them at every use."""
    CAST = "cast"
    """Activations are converted before the op, and its result after it, by the vector unit."""
    REPLACE = "replace"
    """Activations are kept in another format of like width from op to op; nothing is converted."""
    HOST = "host"
    """The host runs the op."""


@dataclass(frozen=True, slots=True)
class Fallback:
    """What happens to ops that have no rate, and why. The first that matches and changes something is taken.

    `weights` and `activations` are format classes; empty matches all. `grouped` restricts the match to
    weights with (or without) several scales per output channel; None matches both.
    """

    ops: tuple[OpClass, ...]
    weights: tuple[str, ...]
    activations: tuple[str, ...]
    grouped: bool | None
    remedy: Remedy
    weight: str
    """The weight's format class afterwards; empty leaves it."""
    activation: str
    reason: str


@dataclass(frozen=True, slots=True)
class FormatQuantity:
    """A number that depends on a format class, such as `int8`."""

    name: str
    amount: Quantity


@dataclass(frozen=True, slots=True)
class Unpacking:
    """What software does for low-bit weights beside the products, and on which unit."""

    unit: str
    weights_per_cycle: tuple[FormatQuantity, ...]
    """Weights widened per cycle, by stored format class."""
    partial_sums_per_cycle: Quantity
    """Partial sums scaled and added per cycle, where weights have several scales per output channel."""


@dataclass(frozen=True, slots=True)
class Tiling:
    """How tiles are cut."""

    double_buffered: bool
    """Whether half of a buffer fills while the other half is used; without, whole buffers fill and wait."""
    orders: tuple[Order, ...]
    max_n: Quantity | None
    """Most output channels of one tile; None where only the buffer limits it."""
    prefetches: bool
    """Whether an op's first tiles load while the op before it computes, and its last are stored behind it."""
    cascades: bool
    """Whether the compiler runs chains of ops stripe by stripe, so that activations too large for the nearest
    level that may hold them stay there all the same."""
    fuses_sums: bool
    """Whether a product adds another tensor to its result on the way out; else a pass of its own does."""
    joins_in_place: bool = False
    """Whether what is to be joined is written to its place in the joined tensor at once, so that joining
    copies nothing."""
    exposed_bytes: Quantity | None = None
    """Most bytes of a product's first input tile, and of its last output tile, that wait for each other
    because the ops before and after it depend on them; None where other ops hide them."""


@dataclass(frozen=True, slots=True)
class Overheads:
    """Time that no work explains."""

    per_op_s: Quantity
    per_inference_s: Quantity
    """Once per phase started."""
    host_hop_s: Quantity
    """Once per op that the host runs for the accelerator."""
    float_results_bytes_per_s: Quantity | None
    """Bytes of float32 made of float results for the caller per second, where they exceed the nearest level
    that holds activations; None where results leave as they were computed."""
    per_inference_cycles: Quantity | None = None
    """Once per phase started, in cycles of the first unit, beside `per_inference_s`; None where none are."""


@dataclass(frozen=True, slots=True)
class Energy:
    """What computing costs; what moving bytes costs stands with the levels."""

    static_power_w: Quantity
    """Drawn whenever the chip runs, whatever it does and at whatever clock."""
    host_power_w: Quantity
    """Drawn in addition while the host runs an op."""
    mac_j: tuple[FormatQuantity, ...]
    """One MAC, by the wider operand's format class."""
    step_j: Quantity
    """One elementary vector step."""
    clock_j: Quantity | None = None
    """Each cycle of the first unit's clock while the chip runs, at this file's voltage; None where what runs
    with the clock is part of the other energies."""


@dataclass(frozen=True, slots=True)
class Chip:
    """One chip with one software stack."""

    name: str
    title: str
    family: Family
    software: str
    description: str
    hypothetical: bool
    units: tuple[Unit, ...]
    levels: tuple[Level, ...]
    rates: tuple[Rate, ...]
    fallbacks: tuple[Fallback, ...]
    unpacking: Unpacking | None
    codec: tuple[FormatQuantity, ...]
    """Bytes a weight occupies in the chip's own lossless code, by format class; empty without a codec."""
    tiling: Tiling
    overheads: Overheads
    energy: Energy
    overlap: Overlap
    generation: Quantity | None = None
    """The accelerator's place among its maker's generations, as they are numbered; None where not known."""

    def unit(self, name: str) -> Unit:
        """Return a unit by name."""
        return next(unit for unit in self.units if unit.name == name)

    def quantities(self) -> Iterator[tuple[str, Quantity]]:
        """Yield every number with its key path, such as `levels.sram.size_bytes`, in a fixed order."""
        yield from _quantities(self, "")

    def lanes(self) -> Iterator[tuple[str, int | Varied]]:
        """Yield the extents of every rate's lanes with their key path, such as `rates.dense-int8.lanes.n`."""
        for rate in self.rates:
            yield from ((f"rates.{rate.name}.lanes.{name}", getattr(rate.lanes, name)) for name in EXTENTS)

    def worst_kind(self) -> Kind:
        """Return the least trustworthy kind among the chip's numbers."""
        return worst(tuple(quantity.kind for _, quantity in self.quantities()))

    def with_quantity(self, path: str, quantity: Quantity) -> "Chip":
        """Return the chip with the number at a key path replaced; the path must be one of `quantities()`."""
        return cast("Chip", _replaced(self, path.split("."), quantity))


def _quantities(value: object, path: str) -> Iterator[tuple[str, Quantity]]:
    if isinstance(value, Quantity):
        yield path, value
    elif isinstance(value, FormatQuantity):
        yield path, value.amount
    elif isinstance(value, tuple):
        for item in value:
            if hasattr(item, "name"):
                yield from _quantities(item, f"{path}.{item.name}")
    elif is_dataclass(value) and not isinstance(value, Lanes):
        for field in fields(value):
            yield from _quantities(getattr(value, field.name), f"{path}.{field.name}" if path else field.name)


def _replaced(value: object, path: list[str], quantity: Quantity) -> object:
    if isinstance(value, FormatQuantity):
        return replace(value, amount=quantity)
    if not path:
        return quantity
    if isinstance(value, tuple):
        return tuple(_replaced(item, path[1:], quantity) if item.name == path[0] else item for item in value)
    if not is_dataclass(value) or isinstance(value, type):
        raise KeyError(path[0])
    return replace(value, **{path[0]: _replaced(getattr(value, path[0]), path[1:], quantity)})
