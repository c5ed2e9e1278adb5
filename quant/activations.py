"""Activation quantization: per token or per tensor, with ranges found at run time or fixed by calibration."""

from torch import Tensor

from quant.quantizer import Scale, code_range, scale_of_range
from quant.straight_through import straight_through
from traces.errors import EdgeAsrError
from traces.formats import Format, Granularity


def quantize_activation(x: Tensor, number: Format, *, static: Scale | None = None) -> Tensor:
    """Return `x: (..., channels)` as an integer unit sees it: rounded to the grid of its format, as float.

    A token is one row of the last axis; a tensor is one utterance of the batch, as a chip sees it. `static`
    holds the calibrated scale and zero point of a format whose range is not found at run time. Float
    formats return x unchanged: they run in the model's own type. Where x needs a gradient, it is passed
    straight through.
    """
    if number.is_float:
        return x
    if x.requires_grad:
        return straight_through(x, quantize_activation(x.detach(), number, static=static))
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


def _dynamic_scale(x: Tensor, number: Format) -> Scale:
    """Return scales that broadcast with x: (..., 1) per token, (batch, 1, ...) per tensor."""
    axes = (-1,) if number.granularity is Granularity.TOKEN else tuple(range(min(1, x.ndim - 2), x.ndim))
    low, high = x.amin(axes, keepdim=True), x.amax(axes, keepdim=True)
    return scale_of_range(low.clamp(max=0.0).float(), high.clamp(min=0.0).float(), number)
