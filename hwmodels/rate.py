"""How fast a unit does which ops in which formats, and what happens to formats that have no rate."""

from dataclasses import dataclass
from enum import StrEnum

from hwmodels.lanes import Lanes
from hwmodels.op_table import OpClass
from hwmodels.quantity import CHOSEN, Kind, Quantity


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
    group_cycles: Quantity | None = None
    """Cycles lost per block of a convolution in groups, beside `fill_cycles`; None where none are."""
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
    issue_share: Quantity | None = None
    """Least time between two blocks of `results_at_once`, as a share of what one keeps multipliers and output
    stage busy: only so many commands are under way. None where that never limits."""

    def shape(self, extent: str) -> Quantity:
        """Return the lanes along one extent of one chip as a number that comes with the rate."""
        value = float(getattr(self.lanes, extent))
        if extent in self.lanes.chosen:
            return Quantity.exact(value, "chosen", CHOSEN)
        kind: Kind = "assumed" if self.per_cycle.kind == "fitted" else self.per_cycle.kind
        return Quantity.exact(value, kind, f"comes with per_cycle: {self.per_cycle.source}")


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
