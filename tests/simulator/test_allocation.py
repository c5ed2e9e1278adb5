"""The program's optimum is brute force's; a budget just met is met, one epsilon below is not."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.allocation import Allocation, Budget, Choices, allocate, least_excess, next_best, used
from traces.errors import EdgeAsrError

N_LAYERS, N_FORMATS = 5, 3


def choices(seed: int, *, share: float = 0.5, converting: bool = True) -> Choices:
    """Random layers: narrower formats (higher index) use less and damage more."""
    rng = np.random.default_rng(seed)
    size = rng.uniform(1.0, 10.0, (N_LAYERS, 1))
    use = size * np.array([[1.0, 0.5, 0.25]])
    time = size * np.array([[1.0, 0.6, 0.6]]) * rng.uniform(0.8, 1.2, (N_LAYERS, N_FORMATS))
    damage = np.cumsum(rng.uniform(0.0, 1.0, (N_LAYERS, N_FORMATS)), axis=1)
    conversion = rng.uniform(0.1, 2.0, N_LAYERS - 1) if converting else None
    latency = Budget("latency", float(time[:, 0].sum()) * (0.4 + 0.6 * share), time, 0.1, conversion)
    return Choices(
        damage,
        (Budget("bytes", float(use[:, 0].sum()) * share, use, fixed=0.5), latency),
        computed_as=np.tile(np.array([0, 1, 1]), (N_LAYERS, 1)),
    )


def with_peaks(problem: Choices, *, share: float = 0.7) -> Choices:
    """Add a peak of memory: caches of all layers, and the activations alive while one of them runs."""
    rng = np.random.default_rng(5)
    live = rng.uniform(1.0, 5.0, (N_LAYERS, 1)) * np.array([[1.0, 0.5, 0.5]])
    cache = rng.uniform(0.1, 0.5, (N_LAYERS, 1)) * np.array([[1.0, 0.5, 0.25]])
    limit = share * float(live[:, 0].max() + cache[:, 0].sum())
    moments = []
    for layer in range(N_LAYERS):
        use = cache.copy()
        use[layer] += live[layer]
        moments.append(Budget("memory", limit, use))
    return replace(problem, budgets=(*problem.budgets, *moments))


def brute_force(given_: Choices) -> tuple[float, tuple[int, ...]] | None:
    limits = [budget.limit for budget in given_.budgets]
    best = None
    for formats in product(range(N_FORMATS), repeat=N_LAYERS):
        chosen = np.array(formats)
        totals = used(given_, chosen)
        damage = float(given_.damage[np.arange(N_LAYERS), chosen].sum())
        if all(total <= limit * (1 + 1e-9) for total, limit in zip(totals, limits, strict=True)) and (
            best is None or damage < best[0]
        ):
            best = (damage, formats)
    return best


def worst_excess(given_: Choices, totals: tuple[float, ...]) -> float:
    return max(total / budget.limit - 1.0 for total, budget in zip(totals, given_.budgets, strict=True))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.35, 0.5, 0.7, 1.0]), st.booleans())
def test_the_optimum_is_that_of_brute_force(seed: int, share: float, converting: bool) -> None:
    problem = choices(seed, share=share, converting=converting)
    expected, found = brute_force(problem), allocate(problem)
    assert found.is_feasible is (expected is not None)
    if expected is not None:
        assert found.damage == pytest.approx(expected[0], abs=1e-7)
        assert found.gap == pytest.approx(0.0, abs=1e-9)
        assert found.used == used(problem, found.formats)


def test_a_budget_at_the_optimum_is_met_and_one_epsilon_below_is_not() -> None:
    problem = choices(7, share=0.6)
    tight = exactly(problem, allocate(problem))
    assert allocate(tight).damage == pytest.approx(allocate(problem).damage)
    below = replace(tight.budgets[0], limit=tight.budgets[0].limit * (1 - 1e-4))
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
    least = min(
        worst_excess(problem, used(problem, np.array(formats)))
        for formats in product(range(N_FORMATS), repeat=N_LAYERS)
    )
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
        assert found.damage == pytest.approx(expected[0], abs=1e-7)


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
        float(problem.damage[np.arange(N_LAYERS), np.array(formats)].sum())
        for formats in product(range(N_FORMATS), repeat=N_LAYERS)
        if np.count_nonzero(np.array(formats) != best.formats) >= 2
        and worst_excess(problem, used(problem, np.array(formats))) <= 1e-9
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
        for formats in product(range(N_FORMATS), repeat=N_LAYERS)
        if (totals := used(problem, np.array(formats)))[0] <= problem.budgets[0].limit * (1 + 1e-9)
    )
    assert found.used[1] == pytest.approx(max(expected, 0.0), rel=1e-6)
    assert found.used[0] <= problem.budgets[0].limit * (1 + 1e-9)


def test_no_excess_helps_where_another_budget_cannot_be_met() -> None:
    assert least_excess(choices(3, share=0.1), "latency") is None
