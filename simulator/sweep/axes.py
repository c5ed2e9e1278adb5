"""What a sweep varies: axes with values to choose from or a range to sample, and the points they span."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hwmodels.op_table import Floats
from traces.errors import EdgeAsrError

MOST_POINTS = 10_000_000
"""Most points of a sweep: their coordinates are held in memory."""

Value = float | str
Sampling = Literal["grid", "random", "latin_hypercube"]
Column = NDArray[np.float64] | NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Choices:
    """An axis of values to choose from; its coordinates are their positions."""

    name: str
    values: tuple[Value, ...]

    @property
    def n_values(self) -> int:
        """How many values there are."""
        return len(self.values)

    def coordinates(self, unit: Floats) -> Floats:
        """Return coordinates for numbers from 0 to below 1, the values in equal parts."""
        chosen: Floats = np.floor(unit * len(self.values))
        return chosen

    def column(self, coordinates: Floats) -> Column:
        """Return the value at each coordinate."""
        column: Column = np.array(self.values)[coordinates.astype(np.int64)]
        return column


@dataclass(frozen=True, slots=True)
class Span:
    """An axis with every value of a range; its coordinates are the values. `whole` rounds them."""

    name: str
    low: float
    high: float
    log: bool
    whole: bool

    def coordinates(self, unit: Floats) -> Floats:
        """Return coordinates for numbers from 0 to below 1, spread evenly or by factors."""
        if self.log:
            values = self.low * (self.high / self.low) ** unit
        else:
            values = self.low + (self.high - self.low) * unit
        return np.rint(values) if self.whole else values

    def column(self, coordinates: Floats) -> Column:
        """Return the value at each coordinate: itself."""
        return coordinates


Axis = Choices | Span


@dataclass(frozen=True, slots=True)
class Sample:
    """Which points are taken: all combinations, or so many drawn with a seed."""

    sampling: Sampling
    points: int
    """Of a sample; a grid has as many as it has."""
    seed: int


def stepped(span: Span, steps: int) -> Choices:
    """Return so many values of a range, its ends included; fewer where rounding makes some equal.

    They keep twelve digits, so that steps of a factor of two between powers of two are powers of two.
    """
    values = (np.geomspace if span.log else np.linspace)(span.low, span.high, steps)
    rounded = np.rint(values) if span.whole else values
    return Choices(span.name, tuple(dict.fromkeys(float(f"{value:.12g}") for value in rounded)))


def n_points(axes: Sequence[Axis], sample: Sample) -> int:
    """Return how many points there are.

    Raises:
        EdgeAsrError: if a grid has an axis without steps, or there are more than `MOST_POINTS`.
    """
    count = sample.points
    if sample.sampling == "grid":
        endless = [axis.name for axis in axes if isinstance(axis, Span)]
        if endless:
            raise EdgeAsrError(
                f"{endless[0]}: a grid needs steps to take from its range; add steps, or {_HOW_TO_SAMPLE}"
            )
        count = math.prod(axis.n_values for axis in axes if isinstance(axis, Choices))
    if count > MOST_POINTS:
        raise EdgeAsrError(
            f"the {sample.sampling} has {count:,} points, more than {MOST_POINTS:,}; take fewer values or "
            f"steps, or {_HOW_TO_SAMPLE}"
        )
    return count


def coordinates(axes: Sequence[Axis], sample: Sample) -> Floats:
    """Return every point's coordinate on every axis: (points, axes); the first axis of a grid varies slowest.

    Raises:
        EdgeAsrError: as `n_points`.
    """
    count = n_points(axes, sample)
    if sample.sampling == "grid":
        shape = [axis.n_values for axis in axes if isinstance(axis, Choices)]
        if not shape:
            return np.zeros((count, 0))
        return np.column_stack(np.unravel_index(np.arange(count), shape)).astype(np.float64)
    generator = np.random.default_rng(sample.seed)
    if sample.sampling == "random" or not axes:
        unit = generator.random((count, len(axes)))
    else:
        from scipy.stats.qmc import LatinHypercube

        unit = LatinHypercube(len(axes), rng=generator).random(count)
    return np.column_stack([axis.coordinates(unit[:, idx]) for idx, axis in enumerate(axes)] or [unit])


_HOW_TO_SAMPLE = "sample instead: 'sample: {latin_hypercube: 10000}'"
