import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr import bootstrap
from asr.bootstrap import ConfidenceInterval, interval, resample_sums


def test_equal_utterances_have_an_interval_without_width() -> None:
    sums = resample_sums(np.full((20, 2), (1, 4)), n_resamples=100, seed=0)
    assert interval(sums[:, 0] / sums[:, 1]) == ConfidenceInterval(0.25, 0.25)


def test_two_utterances_by_hand() -> None:
    """Draws of two from errors (0, 2) of one word each: 0, 1 (twice as often) or 2 errors."""
    sums = resample_sums(np.array([[0, 1], [2, 1]]), n_resamples=40_000, seed=0)
    values, counts = np.unique(sums[:, 0], return_counts=True)
    np.testing.assert_array_equal(values, [0, 2, 4])
    np.testing.assert_allclose(counts / 40_000, [0.25, 0.5, 0.25], atol=0.01)
    assert (sums[:, 1] == 2).all()


def test_the_width_is_that_of_the_binomial() -> None:
    """1,000 words, a tenth wrong, one word per utterance: 1.96 * sqrt(0.1 * 0.9 / 1000) to each side."""
    errors = np.zeros((1_000, 1), dtype=np.int64)
    errors[:100] = 1
    found = interval(resample_sums(errors, n_resamples=10_000, seed=0)[:, 0] / 1_000)
    half_width = 1.96 * np.sqrt(0.1 * 0.9 / 1_000)
    np.testing.assert_allclose([found.low, found.high], [0.1 - half_width, 0.1 + half_width], atol=0.002)


@given(seed=st.integers(0, 2**32 - 1))
def test_same_seed_same_sums(seed: int) -> None:
    counts = np.arange(30).reshape(10, 3)
    first, second = (resample_sums(counts, n_resamples=50, seed=seed) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_many_utterances_are_drawn_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "BLOCK_ELEMENTS", 24)
    sums = resample_sums(np.ones((8, 1), dtype=np.int64), n_resamples=10, seed=0)
    np.testing.assert_array_equal(sums, np.full((10, 1), 8))
