"""What lies around an answer: what to relax, the front, and the next best."""

import pytest

from simulator.budgets import Limit
from simulator.mixtures.around import alternatives, front, relaxed
from simulator.mixtures.problem import uniform
from simulator.mixtures.search import solve
from tests.simulator.mixtures.cases import problem


def test_what_cannot_be_met_says_what_to_relax() -> None:
    smallest = min(each.used["packed_bytes"] for each in uniform(problem()))
    limits = (Limit("packed_bytes", smallest / 2), Limit("latency_s", 1.0))
    found = solve(problem(), limits)
    assert not found.is_feasible
    assert found.mixture.excess(limits) == pytest.approx(1.0, abs=1e-6)
    needed = relaxed(problem(), limits, solution=found)
    assert needed == {"packed_bytes": pytest.approx(smallest), "latency_s": None}
    assert solve(problem(), (Limit("packed_bytes", smallest), limits[1])).is_feasible


def test_two_budgets_out_of_reach_need_both() -> None:
    limits = (Limit("packed_bytes", 1.0), Limit("latency_s", 1e-6))
    assert relaxed(problem(), limits, solution=solve(problem(), limits)) == {
        "packed_bytes": None,
        "latency_s": None,
    }


def test_the_front_falls_and_starts_at_the_smallest() -> None:
    points, gap = front(problem(), "packed_bytes", limits=(), n_points=5)
    used = [point.used["packed_bytes"] for point in points]
    damages = [point.damage for point in points]
    assert used == sorted(used)
    assert damages == sorted(damages, reverse=True)
    assert used[0] == pytest.approx(min(each.used["packed_bytes"] for each in uniform(problem())))
    assert damages[-1] == pytest.approx(float(problem().damage.min(axis=1).sum()))
    assert gap == pytest.approx(0.0, abs=1e-6)


def test_alternatives_differ_meet_the_budget_and_are_no_better() -> None:
    limits = (Limit("packed_bytes", 1.6e6),)
    found = solve(problem(), limits)
    others = alternatives(problem(), limits, solution=found, count=2, changes=4)
    assert len(others) == 2
    chosen = [found.mixture.chosen, *(other.chosen for other in others)]
    for index, other in enumerate(others):
        assert other.meets(limits)
        assert other.damage >= found.mixture.damage
        for before in chosen[: index + 1]:
            assert sum(a != b for a, b in zip(before, other.chosen, strict=True)) >= 4
