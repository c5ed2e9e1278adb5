"""How latency and energy of an utterance answer to every number of a chip."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from simulator.estimate import Estimate
from simulator.many_chips import cost_on_variants

STEP = 0.01
"""Relative step of the central difference behind an elasticity: small to bends, large to rounding errors."""
FACTORS = (1.0 - STEP, 1.0 + STEP, 0.5, 2.0)


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What one number of a chip does to the mean utterance, all others as they are.

    An elasticity is the relative change of the result over that of the number: -1 where a clock twice as fast
    halves the latency. `halved` and `doubled` are results with the number at half and at twice its value,
    None where it cannot have that.
    """

    parameter: str
    value: float
    latency_elasticity: float
    energy_elasticity: float
    latency_halved_s: float | None
    latency_doubled_s: float | None
    energy_halved_j: float | None
    energy_doubled_j: float | None

    @property
    def latency_swing_s(self) -> float:
        """How far the latency moves between half and twice the value."""
        return _swing(self.latency_halved_s, self.latency_doubled_s)

    @property
    def energy_swing_j(self) -> float:
        """How far the energy moves between half and twice the value."""
        return _swing(self.energy_halved_j, self.energy_doubled_j)


def _swing(halved: float | None, doubled: float | None) -> float:
    return 0.0 if halved is None or doubled is None else abs(doubled - halved)


def sensitivities(known: Estimate) -> Iterator[Sensitivity]:
    """Yield the sensitivity of every number of the chip that is not zero, in the chip's order.

    Sizes act in steps (a tensor fits or does not), so their elasticity is often zero where doubling is not.
    """
    numbers = {path: quantity.value for path, quantity in known.chip.quantities() if quantity.value}
    shape = (len(numbers), len(FACTORS))
    varied = {}
    for row, (path, value) in enumerate(numbers.items()):
        factors = np.ones(shape)
        factors[row] = FACTORS
        varied[path] = value * factors.ravel()
    found = cost_on_variants(known.task(), known.chip, varied=varied)
    latency_s, energy_j = found.latency_s.nominal.reshape(shape), found.energy_j.nominal.reshape(shape)
    for path, value, seconds, joules in zip(
        numbers, numbers.values(), latency_s.tolist(), energy_j.tolist(), strict=True
    ):
        yield Sensitivity(
            parameter=path,
            value=value,
            latency_elasticity=_elasticity(seconds[0], seconds[1]),
            energy_elasticity=_elasticity(joules[0], joules[1]),
            latency_halved_s=seconds[2],
            latency_doubled_s=seconds[3],
            energy_halved_j=joules[2],
            energy_doubled_j=joules[3],
        )


def _elasticity(less: float, more: float) -> float:
    """Return the slope in logarithms between results at 1 - STEP and 1 + STEP; 0 where there are none."""
    span = np.log1p(STEP) - np.log1p(-STEP)
    return float(np.log(more / less) / span) if less > 0 else 0.0
