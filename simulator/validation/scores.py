"""How well predictions agree with measurements."""

from dataclasses import dataclass

import numpy as np

from hwmodels.op_table import Floats


@dataclass(frozen=True, slots=True)
class Scores:
    """Agreement over `n` rows; fractions, not percent. `spearman` and `coverage` are None where undefined."""

    n: int
    mape: float
    """Mean of |predicted / measured - 1|."""
    bias: float
    """Mean of predicted / measured - 1: positive where predictions are too slow."""
    spearman: float | None
    coverage: float | None
    """Share of measurements inside the predicted interval."""


def score(
    measured: Floats, predicted: Floats, *, low: Floats | None = None, high: Floats | None = None
) -> Scores:
    """Return the scores of predictions, all arrays (rows,) with at least one row."""
    errors = predicted / measured - 1.0
    covered = None if low is None or high is None else float(np.mean((low <= measured) & (measured <= high)))
    return Scores(
        n=len(measured),
        mape=float(np.mean(np.abs(errors))),
        bias=float(np.mean(errors)),
        spearman=rank_correlation(measured, predicted),
        coverage=covered,
    )


def rank_correlation(first: Floats, second: Floats) -> float | None:
    """Return Spearman's rank correlation; None of fewer than three rows or of equal values alone."""
    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(np.corrcoef(_ranks(first), _ranks(second))[0, 1])


def _ranks(values: Floats) -> Floats:
    """Return the rank of each value, equal values sharing their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Floats = (last - (counts - 1) / 2.0)[inverse]
    return ranks
