"""Bootstrap intervals over utterances."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95

BLOCK_ELEMENTS = 1 << 22
"""Resampled indices held at once: 32 MiB, however many utterances a corpus has."""


@dataclass(frozen=True, slots=True)
class ConfidenceInterval:
    """A 95 % confidence interval."""

    low: float
    high: float


def resample_sums(counts: NDArray[np.int64], *, n_resamples: int, seed: int) -> NDArray[np.int64]:
    """Return column sums over utterances drawn with replacement.

    `counts: (n_utterances, n_columns)`, such as errors and words; the result is `(n_resamples, n_columns)`.
    The same seed draws the same utterances, for any columns.
    """
    rng = np.random.default_rng(seed)
    n_utterances = len(counts)
    block = max(1, BLOCK_ELEMENTS // n_utterances)
    sums = [
        counts[rng.integers(n_utterances, size=(min(block, n_resamples - done), n_utterances))].sum(axis=1)
        for done in range(0, n_resamples, block)
    ]
    return np.concatenate(sums)


def interval(estimates: NDArray[np.float64]) -> ConfidenceInterval:
    """Return the central 95 % of bootstrap estimates (percentile method, Efron 1979)."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(estimates, (tail, 1 - tail))
    return ConfidenceInterval(float(low), float(high))
