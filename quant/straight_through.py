"""Straight-through estimators: rounding whose gradient is that of the identity (arXiv 1308.3432)."""

from torch import Tensor

from quant.quantizer import fake_quantize, find_scale
from traces.formats import Format


def straight_through(x: Tensor, rounded: Tensor) -> Tensor:
    """Return the values of `rounded` with the gradient of `x`."""
    return x + (rounded - x).detach()


def round_through(x: Tensor) -> Tensor:
    """Return x rounded to integers with the gradient of x."""
    return straight_through(x, x.detach().round())


def fake_quantize_through(weight: Tensor, number: Format) -> Tensor:
    """Return a weight (out, ...) rounded to the nearest code of its min/max range, with its own gradient."""
    if number.is_float:
        return weight
    fixed = weight.detach()
    return straight_through(weight, fake_quantize(fixed, find_scale(fixed, number), number))
