"""A number of a chip with where it comes from and how far it may be off."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from hwmodels.op_table import Floats

Kind = Literal["measured", "datasheet", "derived", "chosen", "fitted", "assumed"]
"""Where a number comes from, most trustworthy first; a datasheet is a maker's claim.

What is chosen, by hand for a run or as an axis of a sweep, is exact by decree: no range stands around it.
"""

KINDS: tuple[Kind, ...] = get_args(Kind)
NOMINAL = 1
"""Index of the nominal corner."""
RANGED_KINDS = frozenset({"fitted", "assumed"})
"""Kinds that must carry a range."""
CHOSEN = "chosen for this run"
"""The source of what is chosen by hand, or as an axis of a sweep."""


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

    @property
    def has_range(self) -> bool:
        """Whether the number may be another than it says."""
        return self.low < self.high

    def times(self, factors: Floats) -> "Quantity":
        """Return the number, and its range, times a factor, or times one for each chip: () or (chips,)."""
        value, low, high = (end * factors for end in (self.value, self.low, self.high))
        kind, source = worst((self.kind, "derived")), f"{self.source}; scaled with the lanes chosen"
        if not np.ndim(factors):
            return Quantity(float(value), kind, source, float(low), float(high))
        return Varied(
            math.nan,
            kind,
            source,
            math.nan,
            math.nan,
            *map(tuple, (value.tolist(), low.tolist(), high.tolist())),
        )


@dataclass(frozen=True, slots=True)
class Varied(Quantity):
    """A number that differs between chips which are alike in all else.

    `value`, `low` and `high` are nan, so that what reads one chip cannot mistake many for it.
    """

    values: tuple[float, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]

    @staticmethod
    def over(values: Floats, source: str) -> "Varied":
        """Return a number chosen to take these values, without a range in any of them: (chips,)."""
        each = tuple(values.tolist())
        return Varied(math.nan, "chosen", source, math.nan, math.nan, each, each, each)


@dataclass(frozen=True, slots=True)
class FormatQuantity:
    """A number that depends on a format class, such as `int8`."""

    name: str
    amount: Quantity


def amount_of(entries: tuple[FormatQuantity, ...], name: str) -> Quantity | None:
    """Return the number for a format class; None where there is none."""
    return next((entry.amount for entry in entries if entry.name == name), None)


def corner_table(quantities: tuple[Quantity, ...], *, more_is_faster: bool) -> Floats:
    """Return the optimistic, nominal and pessimistic values of some numbers: (3, chips, quantities).

    There is one chip unless a number is `Varied`; all that vary have as many values.
    `more_is_faster` holds for bandwidths, clocks and rates; not for delays, powers and energies.
    """
    rising = np.array([(each.low, each.value, each.high) for each in quantities]).reshape(-1, 3).T
    table = (rising[::-1] if more_is_faster else rising)[:, None, :]
    varied = {idx: each for idx, each in enumerate(quantities) if isinstance(each, Varied)}
    if varied:
        table = np.repeat(table, len(next(iter(varied.values())).values), axis=1)
        for idx, each in varied.items():
            ends = (
                (each.highs, each.values, each.lows)
                if more_is_faster
                else (each.lows, each.values, each.highs)
            )
            table[:, :, idx] = ends
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
