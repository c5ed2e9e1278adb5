"""Scales, zero points and integer codes: the arithmetic every method and module shares.

The grid, stated once. An integer format of b bits has signed codes:

- symmetric: -(2^(b-1) - 1) ... 2^(b-1) - 1, which are 2^b - 1 levels around an exact zero. The code -2^(b-1)
  is never used, so that no value of the range is clipped; at 2 bits only three levels remain.
- asymmetric: -2^(b-1) ... 2^(b-1) - 1, all 2^b levels. The range always includes zero, and zero is exact.

`x ≈ scale * (code - zero)`. Scales are float16 numbers (`traces.formats.SCALE_BITS`), rounded up so that the
range is never cut by the rounding of its own scale. What is measured is therefore what a checkpoint stores.

Ranges are shared along groups: `grouped` views any weight as (rows, groups, elements). A group size that does
not divide a row leaves the row's last group shorter; it is padded with zeros, which change no range and
have no error.
"""

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from traces.errors import EdgeAsrError
from traces.formats import Format, Granularity

SMALLEST_SCALE = 2.0**-24
"""The smallest positive float16; a group of zeros gets it, so that no scale is ever zero."""

BLOCK_ELEMENTS = 1 << 17
"""Weights searched at a time: with a few temporaries of float32 about the second-level cache of a core."""

# Constants as tensors: torch takes longer to wrap a Python number than to compute a small tensor.
_UNIT = torch.tensor(SMALLEST_SCALE)
_ONE = torch.tensor(1.0)
_LACKING_BITS = torch.tensor(0x1FFF, dtype=torch.int32)
_KEPT_BITS = torch.tensor(~0x1FFF, dtype=torch.int32)
_TO_OVERFLOW = torch.tensor(2.0**88)
_FROM_OVERFLOW = torch.tensor(2.0**-112)


@dataclass(frozen=True, slots=True)
class CodeRange:
    """Smallest and largest integer code of a format."""

    low: int
    high: int

    @property
    def levels(self) -> int:
        """How many codes there are."""
        return self.high - self.low + 1


@dataclass(frozen=True, slots=True)
class RangeSearch:
    """Search for the share of the min/max range whose rounding error is least.

    Tries the factors 1 - i / steps for i up to max_shrink * steps and keeps, per group, the one with the
    least sum of |x - q(x)|^norm. Defaults: LLMC's `calib_algo: mse`, 80 of 100 steps with exponent 2.4; the
    same idea is SpinQuant's `--w_clip`.
    """

    steps: int = 100
    max_shrink: float = 0.8
    norm: float = 2.4


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """How codes map to numbers: scale (rows, groups) float16; zero of the same shape in codes, or None."""

    scale: Tensor
    zero: Tensor | None


def code_range(number: Format) -> CodeRange:
    """Return the codes of an integer format; the module docstring says why they are what they are."""
    return _code_range(number.bits, symmetric=number.symmetric)


@cache
def _code_range(bits: int, *, symmetric: bool) -> CodeRange:
    half = 1 << (bits - 1)
    return CodeRange(-(half - 1) if symmetric else -half, half - 1)


def code_dtype(number: Format) -> torch.dtype:
    """Return the narrowest torch integer that holds the codes of a format."""
    return torch.int8 if number.bits <= 8 else torch.int16


def grouped(x: Tensor, number: Format) -> Tensor:
    """View `x: (out, ...)` as (rows, groups, elements), one range each; pads a short last group."""
    rows = x.reshape(x.shape[0], -1)
    match number.granularity:
        case Granularity.TENSOR:
            return rows.reshape(1, 1, -1)
        case Granularity.CHANNEL | Granularity.TOKEN:
            return rows.unsqueeze(1)
        case Granularity.GROUP:
            size = number.group_size
            missing = -rows.shape[1] % size
            return torch.nn.functional.pad(rows, (0, missing)).reshape(rows.shape[0], -1, size)


def ungrouped(groups: Tensor, shape: torch.Size) -> Tensor:
    """Undo `grouped`: return `groups: (rows, groups, elements)` in `shape`, without the padding."""
    row_length = shape.numel() // shape[0]
    return groups.reshape(shape[0], -1)[:, :row_length].reshape(shape)


def find_scale(x: Tensor, number: Format, *, search: RangeSearch | None = None) -> Scale:
    """Return scales and zero points for `x: (out, ...)` from its extremes, or by `search`.

    Raises:
        EdgeAsrError: if a value is not finite or too large for a float16 scale.
    """
    groups = grouped(x.float(), number)
    low, high = groups.amin(-1).clamp(max=0.0), groups.amax(-1).clamp(min=0.0)
    if not bool(torch.isfinite(low).all() and torch.isfinite(high).all()):
        raise EdgeAsrError("a value is NaN or infinite; quantization needs finite numbers")
    found = scale_of_range(low, high, number)
    if not bool(torch.isfinite(found.scale).all()):
        largest = float(torch.maximum(-low, high).max())
        raise EdgeAsrError(f"a value of {largest:.3g} needs a scale beyond float16, whose largest is 65504")
    return found if search is None else _searched(groups, low, high, number, search)


def scale_of_range(low: Tensor, high: Tensor, number: Format) -> Scale:
    """Return scale and zero point, (rows, groups), whose codes span low <= 0 ... high >= 0."""
    codes = code_range(number)
    if number.symmetric:
        return Scale(step_of_largest(torch.maximum(-low, high), number).half(), None)
    scale = _up_to_float16((high - low) / (codes.levels - 1), _UNIT)
    zero = (codes.low - low / scale).round().clamp(codes.low, codes.high)
    return Scale(scale.half(), zero.to(code_dtype(number)))


def step_of_largest(largest: Tensor, number: Format) -> Tensor:
    """Return the step whose highest symmetric code reaches the largest magnitude.

    largest: (...) float32, not negative -> (...) float32, each a number of float16.
    """
    return _up_to_float16(largest, _units_per_code(number.bits))


def to_codes(x: Tensor, scale: Scale, number: Format) -> Tensor:
    """Round `x: (out, ...)` to the nearest integer codes of the same shape."""
    return ungrouped(_codes_of_groups(grouped(x.float(), number), scale, number), x.shape).to(
        code_dtype(number)
    )


def from_codes(codes: Tensor, scale: Scale, number: Format) -> Tensor:
    """Return the float32 numbers that codes `(out, ...)` stand for."""
    return ungrouped(_numbers_of_groups(grouped(codes.float(), number), scale), codes.shape)


def fake_quantize(x: Tensor, scale: Scale, number: Format) -> Tensor:
    """Return `x: (out, ...)` rounded to the grid, in float32: `from_codes(to_codes(x))`."""
    codes = _codes_of_groups(grouped(x.float(), number), scale, number)
    return ungrouped(_numbers_of_groups(codes, scale), x.shape)


def nearest_codes(x: Tensor, step: Tensor, zero: Tensor | None, number: Format) -> Tensor:
    """Return the nearest codes of numbers: (...) float32, with which float32 `step` and `zero` broadcast."""
    codes = code_range(number)
    rounded = (x / step).round()
    if zero is not None:
        rounded = rounded + zero
    return rounded.clamp(codes.low, codes.high)


def numbers_of(codes: Tensor, step: Tensor, zero: Tensor | None) -> Tensor:
    """Return what codes: (...) float32 stand for; `step` and `zero` broadcast with them."""
    return (codes if zero is None else codes - zero) * step


def clipped_share(x: Tensor, scale: Scale, number: Format) -> float:
    """Return the share of `x: (out, ...)` whose nearest code lies beyond those that the format has."""
    groups, codes = grouped(x.float(), number), code_range(number)
    step, zero = _per_group(scale)
    nearest = (groups / step).round_()
    if zero is not None:
        nearest += zero
    return float(((nearest < codes.low) | (nearest > codes.high)).sum()) / x.numel()


def _codes_of_groups(groups: Tensor, scale: Scale, number: Format) -> Tensor:
    return nearest_codes(groups, *_per_group(scale), number)


def _numbers_of_groups(codes: Tensor, scale: Scale) -> Tensor:
    return numbers_of(codes, *_per_group(scale))


def _per_group(scale: Scale) -> tuple[Tensor, Tensor | None]:
    """Return float32 step and zero point that broadcast with (rows, groups, elements)."""
    zero = None if scale.zero is None else scale.zero.float().unsqueeze(-1)
    return scale.scale.float().unsqueeze(-1), zero


def _up_to_float16(dividend: Tensor, divisor: Tensor) -> Tensor:
    """Return `dividend / divisor` times `SMALLEST_SCALE`, up to the next float16 above zero, as float32.

    The quotient counts units of the smallest float16, of which every float16 is a whole number. Positive
    floats are ordered like their bit patterns, so the 13 bits that a float16 lacks are rounded up by adding
    their mask and dropping them. Beyond 65504 there is infinity only.
    """
    units = torch.div(dividend, divisor).ceil_().clamp_(_ONE)
    units.view(torch.int32).add_(_LACKING_BITS).bitwise_and_(_KEPT_BITS)
    return units.mul_(_TO_OVERFLOW).mul_(_FROM_OVERFLOW)


@cache
def _units_per_code(bits: int) -> Tensor:
    """Return what turns the largest magnitude into the step of symmetric codes, in the smallest float16."""
    with torch.inference_mode(mode=False):
        return torch.tensor(SMALLEST_SCALE * _code_range(bits, symmetric=True).high)


def row_blocks(groups: Tensor) -> list[slice]:
    """Cut `groups: (rows, groups, elements)` into runs of whole rows small enough to stay in a core's cache.

    What is searched row by row is faster so, and needs little memory beside an embedding of 60 million.
    """
    rows = max(1, BLOCK_ELEMENTS // max(1, groups[:1].numel()))
    return [slice(start, start + rows) for start in range(0, len(groups), rows)]


def _searched(groups: Tensor, low: Tensor, high: Tensor, number: Format, search: RangeSearch) -> Scale:
    shares = [_best_share(groups[rows], low[rows], high[rows], number, search) for rows in row_blocks(groups)]
    share = torch.cat(shares)
    return scale_of_range(low * share, high * share, number)


def _best_share(groups: Tensor, low: Tensor, high: Tensor, number: Format, search: RangeSearch) -> Tensor:
    """Return, as `low` is shaped, the share of each range whose rounding error is least."""
    best_error = torch.full_like(low, torch.inf)
    best_share = torch.ones_like(low)
    for step in range(int(search.max_shrink * search.steps)):
        share = 1.0 - step / search.steps
        scale = scale_of_range(low * share, high * share, number)
        rounded = _numbers_of_groups(_codes_of_groups(groups, scale, number), scale)
        error = (groups - rounded).abs_().pow_(search.norm).sum(-1)
        better = error < best_error
        best_error = torch.where(better, error, best_error)
        best_share = torch.where(better, torch.full_like(best_share, share), best_share)
    return best_share
