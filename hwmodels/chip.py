"""A chip as the analytic models see it: units, memory levels, rates, fallbacks, overheads, energies."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import StrEnum
from typing import Literal, cast

from hwmodels.lanes import EXTENTS, Lanes
from hwmodels.op_table import Floats
from hwmodels.quantity import FormatQuantity, Kind, Quantity, Varied, corners, worst
from hwmodels.rate import Fallback, Rate

Family = Literal["npu", "mcu", "dsp", "cpu"]
UnitKind = Literal["matrix", "vector", "core", "host"]
Holding = Literal["weights", "activations", "caches", "inputs"]
AS_RATED = Quantity.exact(1.0, "derived", "the rates say it all")


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

    def pace_hz(self) -> Floats:
        """Return the rated cycles the unit does per second: (3, chips, 1), clock times speed."""
        speed = self.speed or AS_RATED
        return corners(self.clock_hz, more_is_faster=True) * corners(speed, more_is_faster=True)


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
    cache_bytes: Quantity | None = None
    """Size of a cache that a core reads this memory through, in place: weights that stay in it from use to
    use are fetched once per op, and else anew. None without one."""
    channel_s: Quantity | None = None
    """Least time per output channel whose scale comes from here: scales are fetched one by one, and only so
    many are under way during the latency. None where that never limits."""


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
    fuses_functions: bool = True
    """Whether a product applies any function to its result on the way out; else those beyond scaling, adding
    and clamping are passes of their own."""
    joins_in_place: bool = False
    """Whether what is to be joined is written to its place in the joined tensor at once, so that joining
    copies no floats, and of integers those alone that others read too."""
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

    def shapes(self) -> Iterator[tuple[str, Quantity]]:
        """Yield those `lanes` of one chip that are more than 1 as numbers, with where they come from.

        A shape comes with its rate: what says how much an array does says how. None was fitted by itself.
        """
        for rate in self.rates:
            for name in EXTENTS:
                extent = getattr(rate.lanes, name)
                if extent != 1:
                    yield f"rates.{rate.name}.lanes.{name}", rate.shape(name)

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
