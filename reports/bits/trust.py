"""How far summed sensitivities tell word error rates: a rank correlation, and a curve between the two."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reports.data import Range

FEWEST = 4
"""Fewer points than these have no interval worth the name."""

Z = 1.959963984540054
"""The normal distribution's quantile that leaves 2.5 % above it."""


@dataclass(frozen=True, slots=True)
class Point:
    """A recipe whose word error rate was measured, and the damage its units sum to."""

    recipe: str
    damage: float
    wer: float


@dataclass(frozen=True, slots=True)
class Trust:
    """How well damage tells the word error rate on one model and corpus.

    `correlation` is Spearman's over `n_points` recipes, with a 95 % interval; None where there are too few or
    all rates are equal. `error` is the mean absolute error of a rate predicted from the other points.
    """

    points: tuple[Point, ...]
    float_wer: float
    correlation: Range | None
    error: float | None

    @property
    def n_points(self) -> int:
        """How many recipes were measured."""
        return len(self.points)

    def predicted_wer(self, damage: float, *, without: str = "") -> float:
        """Return the rate that goes with a damage, from all points but those of one recipe."""
        return _predicted([point for point in self.points if point.recipe != without], self.float_wer, damage)


def trust_of(points: Sequence[Point], float_wer: float) -> Trust:
    """Return what measured recipes say of the proxy."""
    left_out = [
        abs(
            _predicted([other for other in points if other is not point], float_wer, point.damage) - point.wer
        )
        for point in points
    ]
    error = float(np.mean(left_out)) if len(points) >= FEWEST else None
    return Trust(tuple(points), float_wer, _correlation(points), error)


def _correlation(points: Sequence[Point]) -> Range | None:
    """Return Spearman's rank correlation and its interval.

    The interval is that of Bonett and Wright (2000), "Sample size requirements for estimating Pearson,
    Kendall and Spearman correlations", Psychometrika 65: tanh(atanh(r) +- z sqrt((1 + r^2 / 2) / (n - 3))).
    """
    from scipy.stats import spearmanr

    damages, rates = [point.damage for point in points], [point.wer for point in points]
    if len(points) < FEWEST or len(set(damages)) < 2 or len(set(rates)) < 2:
        return None
    r = float(spearmanr(damages, rates).statistic)
    half = Z * math.sqrt((1 + r * r / 2) / (len(points) - 3))
    centre = math.atanh(min(max(r, -1 + 1e-9), 1 - 1e-9))
    return Range(math.tanh(centre - half), r, math.tanh(centre + half))


def _predicted(points: Sequence[Point], float_wer: float, damage: float) -> float:
    """Return the rate of the least-squares curve that never falls with damage.

    Between points it runs straight over the logarithm of damage, and it starts at the float model's rate, a
    decade below the least damage.
    """
    from scipy.optimize import isotonic_regression

    if not points or damage <= 0:
        return float_wer
    ordered = sorted(points, key=lambda point: point.damage)
    damages: NDArray[np.float64] = np.array([max(point.damage, 1e-12) for point in ordered])
    rates = isotonic_regression([float_wer, *(point.wer for point in ordered)]).x
    at = np.log10(np.concatenate([[damages[0] / 10], damages]))
    return float(np.interp(math.log10(damage), at, rates))
