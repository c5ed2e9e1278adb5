"""Activation quantization: per token or per tensor, with ranges found at run time or fixed by calibration.

Evaluation spends most of its extra time here. So what most recipes ask for (symmetric, found at run time) has
a short cut to the same numbers: the range is that of the magnitudes, whose memory then takes the result, and
no code can lie beyond a range that spans all values.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from quant.quantizer import Scale, code_range, scale_of_range
from quant.steps import steps_of_largest
from quant.straight_through import straight_through
from traces.errors import EdgeAsrError
from traces.formats import Format, Granularity

LANES = 32
"""Floats that torch reduces at once; what is left of a row is compared one by one, which takes ten times as
long per element (measured on AVX2)."""

LONG_TAIL = 4096
"""From so many left-over elements on two more kernels are quicker than comparing them (AVX-512)."""

SMALL = 1 << 18
"""Up to so many elements, a megabyte, laying tensors side by side takes less than rounding each alone."""


def quantize_activation(x: Tensor, number: Format, *, static: Scale | None = None) -> Tensor:
    """Return `x: (..., channels)` as an integer unit sees it: rounded to the grid of its format, as float.

    A token is one row of the last axis; a tensor is one utterance of the batch, as a chip sees it. `static`
    holds the calibrated scale and zero point of a format whose range is not found at run time. Float
    formats return x unchanged: they run in the model's own type. Where x needs a gradient, it is passed
    straight through.

    Raises:
        EdgeAsrError: if the range is fixed and `static` is not given.
    """
    if number.is_float:
        return x
    if x.requires_grad:
        return straight_through(x, quantize_activation(x.detach(), number, static=static))
    if number.dynamic and number.symmetric:
        magnitude = x.abs()
        step = _step(magnitude, number)
        return torch.div(x, step, out=magnitude).round_().mul_(step)
    scale = _dynamic_scale(x, number) if number.dynamic else static
    if scale is None:
        raise EdgeAsrError(f"activation format {number} has a fixed range, and no calibrated scale was given")
    step = scale.scale.to(x.dtype)
    codes = code_range(number)
    rounded = (x / step).round_()
    if scale.zero is None:
        return rounded.clamp_(codes.low, codes.high).mul_(step)
    zero = scale.zero.to(x.dtype)
    return rounded.clamp_(codes.low - zero, codes.high - zero).mul_(step)


def quantize_alike(tensors: Sequence[Tensor], number: Format) -> tuple[Tensor, ...]:
    """Return what `quantize_activation` does with each tensor (batch, ..., channels), of three axes or more.

    Small ones of one shape go through its kernels together: each takes longer to start than to run.
    """
    first = tensors[0]
    if number.is_float or first.numel() > SMALL or any(x.shape != first.shape for x in tensors):
        return tuple(quantize_activation(x, number) for x in tensors)
    return quantize_activation(torch.cat(tuple(tensors)), number).chunk(len(tensors))


def quantize_probabilities(p: Tensor, number: Format) -> Tensor:
    """Return `p: (..., keys)`, nowhere negative, as `quantize_activation` does.

    It may be overwritten: nobody else can want it.
    """
    if number.is_float or p.requires_grad or not (number.dynamic and number.symmetric):
        return quantize_activation(p, number)
    step = _step(p, number)
    return p.div_(step).round_().mul_(step)


def _step(magnitude: Tensor, number: Format) -> Tensor:
    """Return the steps that broadcast with magnitudes (..., channels), in their type."""
    if number.granularity is Granularity.TOKEN:
        largest = _row_maximum(magnitude)
    else:
        largest = magnitude.amax(_axes_of_utterance(magnitude), keepdim=True)
    if largest.dtype is torch.float32:  # casts to the same type take time too
        return steps_of_largest(largest, number)
    return steps_of_largest(largest.float(), number).to(magnitude.dtype)


def _row_maximum(x: Tensor) -> Tensor:
    """Return the largest of each row of x (..., n) as (..., 1)."""
    n = x.shape[-1]
    tail = n % LANES
    if tail == 0 or n < LANES or tail * (x.numel() // n) < LONG_TAIL:
        return x.amax(-1, keepdim=True)
    # The last lanes' worth of a row covers its tail, and some elements a second time.
    front = x[..., : n - tail].amax(-1, keepdim=True)
    return torch.maximum(front, x[..., n - LANES :].amax(-1, keepdim=True))


def _dynamic_scale(x: Tensor, number: Format) -> Scale:
    """Return scales that broadcast with x: (..., 1) per token, (batch, 1, ...) per tensor."""
    axes = (-1,) if number.granularity is Granularity.TOKEN else _axes_of_utterance(x)
    low, high = x.amin(axes, keepdim=True), x.amax(axes, keepdim=True)
    return scale_of_range(low.clamp(max=0.0).float(), high.clamp(min=0.0).float(), number)


def _axes_of_utterance(x: Tensor) -> tuple[int, ...]:
    """Return all axes but that of the batch, which two-dimensional tensors lack."""
    return tuple(range(min(1, x.ndim - 2), x.ndim))
