"""A number of a chip with where it comes from and how far it may be off."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from hwmodels.op_table import Floats

Kind = Literal["measured", "datasheet", "derived", "fitted", "assumed"]
"""Where a number comes from, most trustworthy first; a datasheet is a maker's claim."""

KINDS: tuple[Kind, ...] = get_args(Kind)
NOMINAL = 1
"""Index of the nominal corner."""
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


@dataclass(frozen=True, slots=True)
class Varied(Quantity):
    """A number that differs between chips which are alike in all else, and has no range in any of them.

    `value`, `low` and `high` are nan, so that what reads one chip cannot mistake many for it.
    """

    values: tuple[float, ...]

    @staticmethod
    def over(values: Floats, source: str) -> "Varied":
        """Return a number that takes these values: (chips,)."""
        return Varied(math.nan, "assumed", source, math.nan, math.nan, tuple(values.tolist()))


def corner_table(quantities: tuple[Quantity, ...], *, more_is_faster: bool) -> Floats:
    """Return the optimistic, nominal and pessimistic values of some numbers: (3, chips, quantities).

    There is one chip unless a number is `Varied`; all that vary have as many values.
    `more_is_faster` holds for bandwidths, clocks and rates; not for delays, powers and energies.
    """
    low, nominal, high = ([getattr(each, end) for each in quantities] for end in ("low", "value", "high"))
    table = np.array([high, nominal, low] if more_is_faster else [low, nominal, high])[:, None, :]
    varied = {idx: each.values for idx, each in enumerate(quantities) if isinstance(each, Varied)}
    if varied:
        table = np.repeat(table, len(next(iter(varied.values()))), axis=1)
        for idx, values in varied.items():
            table[:, :, idx] = values
    return table


def corners(quantity: Quantity, *, more_is_faster: bool) -> Floats:
    """Return `corner_table` of one number: (3, chips, 1), to broadcast against rows."""
    return corner_table((quantity,), more_is_faster=more_is_faster)


def nominal(quantity: Quantity) -> Floats:
    """Return the nominal value: (chips, 1), to broadcast against rows."""
    value: Floats = corners(quantity, more_is_faster=True)[NOMINAL]
    return value


def worst(kinds: tuple[Kind, ...]) -> Kind:
    """Return the least trustworthy kind.

    `kinds` must not be empty.
    """
    return max(kinds, key=KINDS.index)
