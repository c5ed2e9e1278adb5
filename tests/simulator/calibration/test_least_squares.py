"""Fits of functions whose best points are known."""

import numpy as np
import pytest

from hwmodels.op_table import Floats
from simulator.calibration.least_squares import (
    CORNER,
    fitted_logs,
    is_at_bound,
    loss,
    slopes_at,
    standard_errors,
)

SLOPES = np.array([[1.0, 0.0], [1.0, 0.5], [0.0, 1.0], [0.5, 1.0], [1.0, 1.0]])
TRUTH = np.array([0.3, -0.2])
ALL = np.ones(len(SLOPES), dtype=bool)


def straight(points: Floats) -> Floats:
    """Residuals that are straight in the log factors, zero at the truth."""
    off: Floats = (points - TRUTH) @ SLOPES.T
    return off


def test_rows_that_agree_are_met() -> None:
    assert fitted_logs(straight, np.zeros(2), kept=ALL) == pytest.approx(TRUTH, abs=1e-3)
    assert slopes_at(straight, TRUTH) == pytest.approx(SLOPES)


def test_a_row_the_model_has_no_account_of_moves_little() -> None:
    wild = np.array([0.0, 0.0, 0.0, 0.0, 5.0])
    found = fitted_logs(lambda points: straight(points) + wild, np.zeros(2), kept=ALL)
    squares = TRUTH - np.linalg.lstsq(SLOPES, wild, rcond=None)[0]
    assert np.max(np.abs(found - TRUTH)) < 0.25
    assert np.max(np.abs(squares - TRUTH)) > 0.9


def test_rows_left_out_have_no_part() -> None:
    kept = np.array([True, True, True, True, False])
    wild = np.array([0.0, 0.0, 0.0, 0.0, 5.0])
    found = fitted_logs(lambda points: straight(points) + wild, np.zeros(2), kept=kept)
    assert found == pytest.approx(TRUTH, abs=1e-3)


def test_what_no_row_fixes_stays_where_it_began() -> None:
    found = fitted_logs(lambda points: points[:, :1] - 0.3, np.array([0.0, 0.7]), kept=np.ones(1, dtype=bool))
    assert found == pytest.approx([0.3, 0.7], abs=1e-3)


def test_a_fit_ends_at_its_bounds() -> None:
    found = fitted_logs(
        lambda points: points - np.array([3.0, -3.0]), np.zeros(2), kept=np.ones(2, dtype=bool)
    )
    assert found == pytest.approx([np.log(4.0), -np.log(4.0)])
    assert is_at_bound(float(found[0]))
    assert is_at_bound(float(found[1]))
    assert not is_at_bound(1.0)


def test_standard_errors_are_those_of_a_mean() -> None:
    off = np.array([0.1, -0.1, 0.1, -0.1])
    assert standard_errors(np.ones((4, 1)), off) == pytest.approx([np.sqrt(0.04 / 3 / 4)])


def test_rows_that_are_far_off_widen_what_they_fix_alone() -> None:
    slopes = np.array([[1.0, 0.0]] * 4 + [[0.0, 1.0]] * 4)
    off = np.array([0.01, -0.01, 0.01, -0.01, 1.0, -1.0, 1.0, -1.0])
    precise, vague = standard_errors(slopes, off)
    assert vague == pytest.approx(100 * precise)
    assert precise == pytest.approx(np.sqrt(4 * 0.01**2 / 16 * 8 / 6))


def test_the_loss_is_square_and_then_straight() -> None:
    assert loss(np.array([0.1])) == pytest.approx(0.005)
    assert loss(np.array([1.0])) == pytest.approx(CORNER * (1.0 - CORNER / 2))
    assert loss(np.array([2.0])) - loss(np.array([1.0])) == pytest.approx(CORNER)
