"""Which orders Hadamard matrices are made for, and as which product. Needs no torch."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

Construction = Literal["trivial", "paley1", "paley2"]


@dataclass(frozen=True, slots=True)
class HadamardOrder:
    """A Hadamard matrix of order 2^stages * core: `stages` butterflies and one core x core product."""

    stages: int
    core: int
    construction: Construction
    """How the core is made; `trivial` is the core of order 1."""

    @property
    def steps(self) -> int:
        """Vector steps per element: one per butterfly, `core` for the core's product, one for scaling."""
        return self.stages + (self.core if self.core > 1 else 0) + 1


@cache
def hadamard_order(n: int) -> HadamardOrder | None:
    """Return how a Hadamard matrix of order n is made, with the smallest core; None if we know no way.

    The core comes from Paley's constructions (Paley, "On orthogonal matrices", 1933) over fields of p or p^2
    elements: order q + 1 for q = 3 mod 4, order 2 (q + 1) for q = 1 mod 4. Every width, feed-forward size and
    head size of Whisper and Moonshine has one: cores 1, 12, 20 (160, 640, 1280, 5120), 36 and 52.
    """
    stages = 0
    while n % 2 == 0:
        n, stages = n // 2, stages + 1
    if n == 1:
        return HadamardOrder(stages, 1, "trivial")
    for doublings in range(2, stages + 1):
        core = n << doublings
        if field_base(core - 1):
            return HadamardOrder(stages - doublings, core, "paley1")
        if core % 8 == 4 and field_base(core // 2 - 1):
            return HadamardOrder(stages - doublings, core, "paley2")
    return None


def field_base(q: int) -> int | None:
    """Return the prime p if q is p or p^2, else None."""
    root = round(q**0.5)
    base = root if root * root == q else q
    return base if base > 1 and all(base % divisor for divisor in range(2, int(base**0.5) + 1)) else None
