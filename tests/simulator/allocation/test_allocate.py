"""The program's optimum is brute force's; a budget just met is met, one epsilon below is not."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.allocation.allocate import Allocation, allocate, least_excess, next_best
from simulator.allocation.choices import Choices, used
from tests.simulator.allocation.small import EVERY, brute_force, choices, damage_of, meets, with_peaks
from traces.errors import EdgeAsrError


def worst_excess(given_: Choices, totals: tuple[float, ...]) -> float:
    return max(total / budget.limit - 1.0 for total, budget in zip(totals, given_.budgets, strict=True))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.35, 0.5, 0.7, 1.0]), st.booleans())
def test_the_optimum_is_that_of_brute_force(seed: int, share: float, converting: bool) -> None:
    problem = choices(seed, share=share, converting=converting)
    expected, found = brute_force(problem), allocate(problem)
    assert found.is_feasible is (expected is not None)
    if expected is not None:
        assert found.damage == pytest.approx(expected, abs=1e-7)
        assert found.gap == pytest.approx(0.0, abs=1e-9)
        assert found.used == used(problem, found.formats)


def test_a_budget_at_the_optimum_is_met_and_one_epsilon_below_is_not() -> None:
    problem = choices(7, share=0.6)
    tight = exactly(problem, allocate(problem))
    assert allocate(tight).damage == pytest.approx(allocate(problem).damage)
    below = replace(tight.budgets[0], limit=tight.budgets[0].limit * (1 - 1e-8))
    other = allocate(replace(tight, budgets=(below, *tight.budgets[1:])))
    assert not other.is_feasible or other.damage > allocate(problem).damage + 1e-6
    assert other.formats.tolist() != allocate(problem).formats.tolist()


def exactly(problem: Choices, found: Allocation) -> Choices:
    budgets = tuple(
        replace(budget, limit=total) for budget, total in zip(problem.budgets, found.used, strict=True)
    )
    return replace(problem, budgets=budgets)


def test_the_nearest_miss_exceeds_its_worst_budget_least() -> None:
    problem = choices(3, share=0.1)
    missed = allocate(problem)
    assert not missed.is_feasible
    least = min(worst_excess(problem, used(problem, formats)) for formats in EVERY)
    assert worst_excess(problem, missed.used) == pytest.approx(least, rel=1e-6)


def test_a_format_a_layer_cannot_take_is_never_chosen() -> None:
    problem = choices(1, share=1.0)
    damage = problem.damage.copy()
    damage[2, 0] = np.inf
    assert allocate(replace(problem, damage=damage)).formats[2] != 0
    damage[2] = np.inf
    with pytest.raises(EdgeAsrError, match="layer 2 can take none"):
        replace(problem, damage=damage)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.5, 0.7, 1.0]), st.sampled_from([0.5, 0.7, 0.9]))
def test_a_peak_of_memory_and_conversions_together_match_brute_force(
    seed: int, share: float, peak: float
) -> None:
    problem = with_peaks(choices(seed, share=share), share=peak)
    expected, found = brute_force(problem), allocate(problem)
    assert found.is_feasible is (expected is not None)
    if expected is not None:
        assert found.damage == pytest.approx(expected, abs=1e-7)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.35, 0.5, 0.7]))
def test_each_budget_at_the_optimum_is_still_met(seed: int, share: float) -> None:
    problem = with_peaks(choices(seed, share=share))
    found = allocate(problem)
    if found.is_feasible:
        again = allocate(exactly(problem, found))
        assert again.is_feasible
        assert again.damage == pytest.approx(found.damage, rel=1e-9)


def test_too_little_time_is_said() -> None:
    with pytest.raises(EdgeAsrError, match="no allocation was found within 0 s; give it more time"):
        allocate(choices(1), time_limit_s=0.0)


def test_small_damages_are_told_apart_as_large_ones_are() -> None:
    problem = choices(11, share=0.6)
    tiny = replace(problem, damage=problem.damage * 1e-9)
    assert allocate(tiny).formats.tolist() == allocate(problem).formats.tolist()


def test_the_next_best_is_the_best_of_those_that_differ_enough() -> None:
    problem = choices(4, share=0.6)
    best = allocate(problem)
    other = next_best(problem, [best.formats], changes=2)
    assert other is not None
    expected = min(
        damage_of(problem, formats)
        for formats in EVERY
        if np.count_nonzero(formats != best.formats) >= 2 and meets(problem, formats)
    )
    assert other.damage == pytest.approx(expected)


def test_nothing_is_next_best_where_one_choice_is_left() -> None:
    problem = choices(4, share=1.0, converting=False)
    damage = np.full_like(problem.damage, np.inf)
    damage[:, 2] = problem.damage[:, 2]
    only = replace(problem, damage=damage)
    assert next_best(only, [allocate(only).formats], changes=1) is None


def test_one_budget_is_exceeded_least_while_the_others_hold() -> None:
    problem = choices(3, share=0.3)
    found = least_excess(problem, "latency")
    assert found is not None
    expected = min(
        totals[1]
        for formats in EVERY
        if (totals := used(problem, formats))[0] <= problem.budgets[0].limit * (1 + 1e-9)
    )
    assert found.used[1] == pytest.approx(max(expected, 0.0), rel=1e-6)
    assert found.used[0] <= problem.budgets[0].limit * (1 + 1e-9)


def test_no_excess_helps_where_another_budget_cannot_be_met() -> None:
    assert least_excess(choices(3, share=0.1), "latency") is None
