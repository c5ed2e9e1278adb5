"""Choices that cannot be meant are refused in one line."""

from dataclasses import replace

import numpy as np
import pytest

from simulator.allocation.choices import Budget, used
from tests.simulator.allocation.small import choices
from traces.errors import EdgeAsrError


def test_what_a_choice_uses_counts_conversions_where_neighbours_differ() -> None:
    problem = choices(1)
    latency = problem.budgets[1]
    assert latency.conversion is not None
    formats = np.array([0, 1, 2, 0, 0])  # computes as 0, 1, 1, 0, 0: changes after the first and third
    layers = latency.use[np.arange(5), formats].sum()
    expected = latency.fixed + layers + latency.conversion[0] + latency.conversion[2]
    assert used(problem, formats)[1] == pytest.approx(expected)


def test_a_conversion_that_gives_something_back_is_refused() -> None:
    problem = choices(1)
    odd = replace(problem.budgets[1], conversion=np.array([0.0, 1.0, -0.5, 0.0]))
    with pytest.raises(
        EdgeAsrError, match=r"budget latency: converting after layer 2 takes -0\.5; give 0 or more"
    ):
        replace(problem, budgets=(odd,))


def test_uses_of_another_shape_are_refused() -> None:
    problem = choices(1)
    with pytest.raises(EdgeAsrError, match=r"budget bytes: uses have shape \(5, 2\), damage \(5, 3\)"):
        replace(problem, budgets=(Budget("bytes", 1.0, problem.damage[:, :2]),))
