"""Which rate an op gets: looked up by class and formats, walking the chip's fallbacks; never scaled."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from hwmodels.chip import Chip, Unit
from hwmodels.format_class import bits_of, format_class
from hwmodels.op_table import PRODUCTS, OpClass
from hwmodels.rate import Fallback, Rate, Remedy
from traces.errors import EdgeAsrError
from traces.formats import Format, Granularity

_WITH_WEIGHTS = (OpClass.DENSE, OpClass.DEPTHWISE, OpClass.MATVEC)


@dataclass(frozen=True, slots=True)
class Choice:
    """How a chip does one op class with one pair of formats."""

    op: OpClass
    rate: Rate
    unit: Unit
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

    @property
    def on_host(self) -> bool:
        """Whether the host does the op."""
        return self.unit.kind == "host"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a rate is looked for: an op's class and formats, as the fallbacks taken so far left them."""

    op: OpClass
    weight: str
    activation: str
    grouped: bool
    """Whether weights have several scales per output channel."""
    window: int
    stored: str
    on_host: bool = False
    cast: bool = False
    unpacked_from: str = ""

    def __str__(self) -> str:
        operands = f"{self.weight or 'no weight'} x {self.activation or 'no activation'}"
        window = f" over windows of {self.window}" if self.window > 1 else ""
        return f"{self.op.label} of {operands}{window}"


def choose(
    chip: Chip, op: OpClass, *, weight: Format | None, activation: Format | None, window: int = 1
) -> Choice:
    """Return how the chip does an op, following its fallbacks until a rate is found.

    `window` is how many elements a convolution's window has, 1 for products.

    Raises:
        EdgeAsrError: if no rate and no fallback is left; the message names class, formats and window.
    """
    weight_class = format_class(weight) if weight else ""
    asked = wanted = _Wanted(
        op=op,
        weight=weight_class,
        activation=format_class(activation) if activation else weight_class,
        grouped=weight is not None and weight.granularity is Granularity.GROUP,
        window=window,
        stored=weight_class if op in _WITH_WEIGHTS else "",
    )
    unused, reasons = list(chip.fallbacks), list[str]()
    while True:
        # What a chip says of weights in groups comes before its rates, which do not know of them.
        fallback = _matching((each for each in unused if each.grouped), wanted)
        rate = None if fallback else _rate(chip, wanted)
        if rate is not None:
            return _choice(chip, wanted, rate, note="; ".join(reasons))
        fallback = fallback or _matching(unused, wanted)
        if fallback is None or wanted.on_host:
            raise EdgeAsrError(
                f"chip {chip.name}: no rate and no fallback for {asked}; add one under 'rates' or 'fallbacks'"
            )
        unused.remove(fallback)
        reasons.append(fallback.reason)
        wanted = _after(wanted, fallback)


def _rate(chip: Chip, wanted: _Wanted) -> Rate | None:
    """Return the first rate for what is wanted; on the host only where a fallback led there."""
    for rate in chip.rates:
        if (
            wanted.op in rate.ops
            and (not rate.windows or wanted.window in rate.windows)
            and (wanted.op not in PRODUCTS or rate.weight in ("", wanted.weight))
            and (not wanted.activation or rate.activation in ("", wanted.activation))
            and (chip.unit(rate.unit).kind == "host") is wanted.on_host
        ):
            return rate
    return None


def _matching(fallbacks: Iterable[Fallback], wanted: _Wanted) -> Fallback | None:
    """Return the first fallback meant for what is wanted."""
    for fallback in fallbacks:
        if (
            fallback.grouped in (None, wanted.grouped)
            and (not fallback.ops or wanted.op in fallback.ops)
            and (not fallback.weights or wanted.weight in fallback.weights)
            and (not fallback.activations or wanted.activation in fallback.activations)
        ):
            return fallback
    return None


def _after(wanted: _Wanted, fallback: Fallback) -> _Wanted:
    """Return what is wanted once a fallback is taken."""
    weight = wanted.weight
    if wanted.op is OpClass.ACTIVATION_PRODUCT and weight in fallback.activations:
        weight = fallback.activation or weight  # both operands are activations
    weight = fallback.weight or weight
    wanted = replace(
        wanted,
        weight=weight,
        activation=fallback.activation or wanted.activation,
        grouped=wanted.grouped and weight.startswith("int"),
        unpacked_from=wanted.weight if fallback.remedy is Remedy.UNPACK else wanted.unpacked_from,
    )
    match fallback.remedy:
        case Remedy.HOST:
            return replace(wanted, on_host=True, grouped=False, cast=False, unpacked_from="")
        case Remedy.EXPAND:
            return replace(wanted, stored=fallback.weight, grouped=False)
        case Remedy.CAST:
            return replace(wanted, cast=True)
        case Remedy.DECODE | Remedy.REPLACE | Remedy.UNPACK:
            return wanted


def _choice(chip: Chip, wanted: _Wanted, rate: Rate, *, note: str) -> Choice:
    computed = [name for name in (rate.weight, rate.activation) if name]
    wider = max(computed or [wanted.weight, wanted.activation], key=lambda name: bits_of(name) if name else 0)
    return Choice(
        op=wanted.op,
        rate=rate,
        unit=chip.unit(rate.unit),
        stored=wanted.stored,
        unpacked_from=wanted.unpacked_from,
        partial_sums=wanted.grouped,
        cast=wanted.cast,
        energy_class="" if wanted.on_host else wider,
        note=note,
    )
