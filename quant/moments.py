"""How large and how outlier-ridden numbers are: absmax and kurtosis, gathered batch by batch."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, power sums and largest magnitude of numbers; sums of parts are those of the whole."""

    count: int
    sums: tuple[float, float, float, float]
    """Of x, x^2, x^3 and x^4, in float64."""
    absmax: float

    def __add__(self, other: "Moments") -> "Moments":
        first, second, third, fourth = (a + b for a, b in zip(self.sums, other.sums, strict=True))
        return Moments(
            self.count + other.count, (first, second, third, fourth), max(self.absmax, other.absmax)
        )

    @property
    def kurtosis(self) -> float | None:
        """Pearson's fourth standardised moment, 3 for a normal distribution; None where nothing varies."""
        mean, second, third, fourth = (total / self.count for total in self.sums)
        variance = second - mean**2
        if variance <= 1e-6 * second:  # what float32 squares leave of a difference of equal numbers
            return None
        central = fourth - 4 * mean * third + 6 * mean**2 * second - 3 * mean**4
        return central / variance**2


def moments_of(x: Tensor) -> Moments:
    """Return the moments of all elements of a tensor, which must not be empty."""
    square = x.detach().float().square()
    sums = (
        float(x.sum(dtype=torch.float64)),
        float(square.sum(dtype=torch.float64)),
        float((square * x).sum(dtype=torch.float64)),
        float(square.square_().sum(dtype=torch.float64)),
    )
    return Moments(x.numel(), sums, float(x.abs().max()))
