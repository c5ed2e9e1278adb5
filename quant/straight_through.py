"""Straight-through estimators: rounding whose gradient is that of the identity (arXiv 1308.3432)."""

import torch
from torch import Tensor

from quant.quantizer import (
    code_range,
    fake_quantize,
    find_scale,
    grouped,
    numbers_of,
    scale_of_range,
    ungrouped,
)
from traces.formats import Format


def straight_through(x: Tensor, rounded: Tensor) -> Tensor:
    """Return exactly the values of `rounded` with the gradient of `x`, which is finite: (...) all three."""
    # Not x + (rounded - x): that is `rounded` only up to float error, and codes have to come out the same.
    return rounded.detach() + (x - x.detach())


def round_through(x: Tensor) -> Tensor:
    """Return x rounded to integers with the gradient of x."""
    return straight_through(x, x.detach().round())


def fake_quantize_through(weight: Tensor, number: Format) -> Tensor:
    """Return a weight (out, ...) rounded to the nearest code of its min/max range, with its own gradient."""
    if number.is_float:
        return weight
    fixed = weight.detach()
    return straight_through(weight, fake_quantize(fixed, find_scale(fixed, number), number))


def clip_through(weight: Tensor, low: Tensor, high: Tensor, number: Format) -> Tensor:
    """Return a weight (out, ...) rounded to the codes that span low <= 0 ... high >= 0: (rows, groups).

    The values are those of the stored weight. A weight inside the range passes its gradient on; the range
    gets that of the weights clipped to it, and of rounding errors, which grow with the step (LSQ,
    arXiv 1902.08153, eq. 3).
    """
    codes = code_range(number)
    fixed = scale_of_range(low.detach(), high.detach(), number)
    zero = None
    if fixed.zero is None:
        step = straight_through(torch.maximum(-low, high) / codes.high, fixed.scale.float())
    else:
        step = straight_through((high - low) / (codes.levels - 1), fixed.scale.float())
        zero = straight_through(codes.low - low / step, fixed.zero.float()).unsqueeze(-1)
    step = step.unsqueeze(-1)
    rounded = round_through(grouped(weight, number) / step)
    if zero is not None:
        rounded = rounded + zero
    return ungrouped(numbers_of(rounded.clamp(codes.low, codes.high), step, zero), weight.shape)
