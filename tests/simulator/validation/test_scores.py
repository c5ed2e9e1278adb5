"""Scores and baselines, by hand."""

import numpy as np
import pytest

from simulator.validation.baselines import fit_baselines
from simulator.validation.bench import Work
from simulator.validation.scores import rank_correlation, score


def test_scores_of_four_rows() -> None:
    measured, predicted = np.array([1.0, 2.0, 4.0, 8.0]), np.array([1.1, 1.6, 4.0, 9.6])
    found = score(measured, predicted, low=predicted * 0.9, high=predicted * 1.05)
    assert found.mape == pytest.approx((0.1 + 0.2 + 0.0 + 0.2) / 4)
    assert found.bias == pytest.approx((0.1 - 0.2 + 0.0 + 0.2) / 4)
    assert found.spearman == pytest.approx(1.0)
    assert found.coverage == pytest.approx(2 / 4)  # 0.99..1.155 holds 1 and 3.6..4.2 holds 4


def test_rank_correlation_of_reversed_tied_and_too_few_rows() -> None:
    assert rank_correlation(np.array([1.0, 2, 3]), np.array([9.0, 5, 1])) == pytest.approx(-1.0)
    assert rank_correlation(np.array([1.0, 1, 2]), np.array([3.0, 3, 4])) == pytest.approx(1.0)
    assert rank_correlation(np.array([1.0, 2]), np.array([1.0, 2])) is None
    assert rank_correlation(np.array([1.0, 2, 3]), np.array([5.0, 5, 5])) is None


def work_of(macs: float, io_bytes: float, bits: int = 8) -> Work:
    return Work(macs, macs * bits * bits, io_bytes, "dense")


def test_a_roofline_finds_its_own_rate_and_bandwidth() -> None:
    works = [work_of(1e9, 1e6), work_of(4e9, 2e6), work_of(1e6, 5e7), work_of(2e6, 2e8)]
    latency_s = np.array([max(each.macs / 1e12, each.io_bytes / 2e10) for each in works])
    found = fit_baselines(works, latency_s, precisions=["float"] * 4)
    assert found.roofline_s == pytest.approx(latency_s, rel=0.02)
    assert score(latency_s, found.macs_over_peak_s).mape > 0.5


def test_bops_have_one_rate_for_all_precisions_and_macs_one_each() -> None:
    works = [work_of(1e9, 1e6, 16), work_of(2e9, 1e6, 16), work_of(1e9, 1e6), work_of(2e9, 1e6)]
    latency_s = np.array([1.0, 2.0, 0.5, 1.0])
    found = fit_baselines(works, latency_s, precisions=["float", "float", "w8a8", "w8a8"])
    assert found.macs_over_peak_s == pytest.approx(latency_s)
    assert found.bops_s[0] / found.bops_s[2] == pytest.approx(4.0)
