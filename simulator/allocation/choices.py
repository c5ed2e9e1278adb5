"""What is to be chosen: a format per layer, its damage, and budgets of what the choice may use."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from traces.errors import EdgeAsrError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MET = 1.0 + 1e-9
"""A budget used to this share is met: totals are sums of rounded floats."""


@dataclass(frozen=True, slots=True, eq=False)
class Budget:
    """At most `limit` of one quantity.

    use: (layers, formats), what a layer takes in a format; `fixed` is what everything else takes. conversion:
    (layers - 1,), what it takes to convert between a layer and the next, or None where that is free.
    """

    name: str
    limit: float
    use: Floats
    fixed: float = 0.0
    conversion: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """What is to be chosen from.

    damage: (layers, formats), inf where a layer cannot take a format. computed_as: (layers, formats)
    codes; neighbours of different codes convert.

    Raises:
        EdgeAsrError: if shapes differ, a layer can take no format, or a conversion gives something back.
    """

    damage: Floats
    budgets: tuple[Budget, ...]
    computed_as: Ints | None = None

    def __post_init__(self) -> None:
        shape = self.damage.shape
        for budget in self.budgets:
            if budget.use.shape != shape:
                raise EdgeAsrError(
                    f"budget {budget.name}: uses have shape {budget.use.shape}, damage {shape}"
                )
            if budget.conversion is not None and budget.conversion.min(initial=0.0) < 0:
                raise EdgeAsrError(
                    f"budget {budget.name}: converting after layer {int(budget.conversion.argmin())} takes "
                    f"{budget.conversion.min():g}; give 0 or more"
                )
        if not np.isfinite(self.damage).any(axis=1).all():
            layer = int(np.argmin(np.isfinite(self.damage).any(axis=1)))
            raise EdgeAsrError(f"layer {layer} can take none of the formats; give it one")


def used(choices: Choices, formats: Ints) -> tuple[float, ...]:
    """Return what a choice uses of each budget, conversions included."""
    layers = np.arange(len(formats))
    totals = []
    for budget in choices.budgets:
        total = budget.fixed + float(budget.use[layers, formats].sum())
        if budget.conversion is not None and choices.computed_as is not None:
            codes = choices.computed_as[layers, formats]
            total += float(budget.conversion[codes[1:] != codes[:-1]].sum())
        totals.append(total)
    return tuple(totals)
