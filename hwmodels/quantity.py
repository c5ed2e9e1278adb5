"""A number of a chip with where it comes from and how far it may be off."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from hwmodels.op_table import Floats

Kind = Literal["measured", "datasheet", "derived", "fitted", "assumed"]
"""Where a number comes from, most trustworthy first; a datasheet is a maker's claim."""

KINDS: tuple[Kind, ...] = get_args(Kind)
RANGED_KINDS = frozenset({"fitted", "assumed"})
"""Kinds that must carry a range."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number, SI base units; `low` and `high` equal `value` where no range is known.

    `source` is a repository and commit, a page, or the sentence that says what was assumed and why.
    """

    value: float
    kind: Kind
    source: str
    low: float
    high: float

    @staticmethod
    def exact(value: float, kind: Kind, source: str) -> "Quantity":
        """Return a number without a range."""
        return Quantity(value, kind, source, value, value)


def corners(quantity: Quantity, *, more_is_faster: bool) -> Floats:
    """Return the optimistic, nominal and pessimistic value: (3, 1), to broadcast against rows.

    `more_is_faster` holds for bandwidths, clocks and rates; not for delays, powers and energies.
    """
    first, last = (quantity.high, quantity.low) if more_is_faster else (quantity.low, quantity.high)
    return np.array([[first], [quantity.value], [last]])


def corner_table(quantities: tuple[Quantity, ...], *, more_is_faster: bool) -> Floats:
    """Return `corners` of several numbers side by side: (3, quantities)."""
    return np.concatenate([corners(each, more_is_faster=more_is_faster) for each in quantities], axis=1)


def worst(kinds: tuple[Kind, ...]) -> Kind:
    """Return the least trustworthy kind.

    `kinds` must not be empty.
    """
    return max(kinds, key=KINDS.index)
