"""Scaling drops what cannot matter, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from simulator.allocation.choices import Budget
from simulator.allocation.scaled import WHOLE, scaled
from tests.simulator.allocation.small import EVERY, choices, meets, with_peaks


def test_a_budget_that_no_choice_can_break_is_left_out() -> None:
    problem = choices(1)
    most = float(problem.budgets[0].use.max(axis=1).sum())
    ample, just_short = (replace(problem.budgets[0], fixed=0.0, limit=most + d) for d in (1e-9, -0.01))
    assert scaled(replace(problem, budgets=(ample,))).names == ()
    assert scaled(replace(problem, budgets=(just_short,))).names == ("bytes",)


def test_conversions_count_for_what_a_choice_can_break() -> None:
    latency = replace(choices(1).budgets[1], limit=0.1 + float(choices(1).budgets[1].use.max(axis=1).sum()))
    assert scaled(replace(choices(1), budgets=(latency,))).names == ("latency",)


def test_a_limit_is_the_whole_of_its_scale() -> None:
    problem = choices(1, share=0.4)
    given = scaled(problem)
    assert given.limit == pytest.approx([WHOLE, WHOLE])
    assert given.use[0] / WHOLE == pytest.approx(problem.budgets[0].use / problem.budgets[0].limit)
    assert given.room[0] / WHOLE == pytest.approx(1.0 - 0.5 / problem.budgets[0].limit)


def test_a_limit_of_nothing_is_scaled_by_what_is_used() -> None:
    given = scaled(replace(choices(1), budgets=(Budget("none", 0.0, choices(1).budgets[0].use),)))
    assert given.limit.tolist() == [0.0]
    assert given.use.max() == pytest.approx(WHOLE)


def test_formats_that_fit_in_no_choice_are_impossible_and_all_others_possible_alone() -> None:
    problem = with_peaks(choices(2, share=0.4, converting=False), share=0.6)
    possible = scaled(problem).possible
    taken = np.zeros_like(possible)
    for formats in EVERY:
        if meets(problem, formats):
            taken[np.arange(5), formats] = True
    assert not (taken & ~possible).any()
    assert (~possible).any()
