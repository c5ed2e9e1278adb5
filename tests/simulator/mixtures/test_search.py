"""Mixtures meet their budgets in the mixed network itself, and are the least damaging that do."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from simulator.budgets import Limit
from simulator.mixtures.problem import uniform
from simulator.mixtures.search import solve
from tests.simulator.mixtures.cases import ADDITIVE, NAMES, THRESHOLD, between, problem, small
from traces.errors import EdgeAsrError

KEYS = (
    ("packed_bytes",),
    ("latency_s",),
    ("energy_j",),
    ("packed_bytes", "latency_s"),
    ("energy_j", "latency_s"),
    ("packed_bytes", "energy_j", "sram_bytes"),
)


@pytest.mark.parametrize("share", [0.03, 0.4, 0.7])
@pytest.mark.parametrize("keys", KEYS, ids="+".join)
@pytest.mark.parametrize(("chip", "rest"), [(ADDITIVE, 0), (THRESHOLD, 0), (THRESHOLD, 2)])
def test_the_answer_is_the_best_of_all_mixtures(
    chip: str, rest: int, keys: tuple[str, ...], share: float
) -> None:
    few, mixtures = small(chip, rest)
    limits = tuple(between(mixtures, key, share if key == keys[0] else 0.6) for key in keys)
    within = [each.damage for each in mixtures if each.meets(limits)]
    found = solve(few, limits)
    assert found.is_feasible == bool(within)
    assert found.mixture.meets(limits) == bool(within)
    if within:
        assert found.mixture.damage == pytest.approx(min(within), rel=1e-12)


def test_a_chip_where_costs_do_not_add_up_is_among_them() -> None:
    _, mixtures = small(THRESHOLD, 2)
    shares = [each.offsets["latency_s"] / each.used["latency_s"] for each in mixtures]
    assert min(shares) < -2e-3
    assert max(map(abs, (each.offsets["packed_bytes"] for each in mixtures))) < 1e-3


def started_at(chip: str) -> list[tuple[Limit, ...]]:
    along = uniform(problem(chip))
    return [
        tuple(between(along, key, share if key == keys[0] else 0.6) for key in keys)
        for keys in (("energy_j",), ("packed_bytes", "latency_s"))
        for share in (0.1, 0.5)
    ]


@pytest.mark.parametrize("limits", started_at(ADDITIVE), ids=lambda limits: limits[0].key)
def test_the_answer_does_not_depend_on_the_limits_it_was_found_from(limits: tuple[Limit, ...]) -> None:
    found = solve(problem(), limits)
    assert found.is_feasible
    assert found.gap < 0.01
    exact = tuple(Limit(limit.key, found.mixture.used[limit.key]) for limit in limits)
    again = solve(problem(), exact)
    assert again.is_feasible
    assert again.mixture.meets(exact)
    assert again.mixture.damage == pytest.approx(found.mixture.damage, rel=1e-9)


def test_one_epsilon_below_its_use_a_mixture_is_no_answer_any_more() -> None:
    limits = (Limit("packed_bytes", 1.4e6), Limit("latency_s", 0.0165))
    found = solve(problem(), limits)
    assert found.is_feasible
    used = found.mixture.used
    below = (Limit("packed_bytes", used["packed_bytes"] - 1), limits[1])
    assert not found.mixture.meets(below)
    other = solve(problem(), below)
    assert other.is_feasible
    assert other.mixture.used["packed_bytes"] < used["packed_bytes"]
    assert other.mixture.damage > found.mixture.damage


def test_where_costs_do_not_add_up_the_gap_holds_what_other_limits_find() -> None:
    along = uniform(problem(THRESHOLD))
    loose, tight = (
        (between(along, "packed_bytes", share), between(along, "latency_s", 0.6)) for share in (0.3, 0.29)
    )
    found, tighter = solve(problem(THRESHOLD), loose), solve(problem(THRESHOLD), tight)
    assert 0 < found.gap < 0.01
    assert found.n_tried > 10
    assert tighter.mixture.damage >= found.mixture.damage * (1 - found.gap)


def test_of_misses_as_near_as_each_other_the_least_damaging_is_shown() -> None:
    few, mixtures = small()
    least = min(each.used["latency_s"] for each in mixtures)
    limits = (Limit("latency_s", least / 2),)
    found = solve(few, limits)
    assert not found.is_feasible
    nearest = [each for each in mixtures if each.used["latency_s"] <= least * (1 + 1e-9)]
    assert len({each.damage for each in nearest}) > 1
    assert found.mixture.damage == pytest.approx(min(each.damage for each in nearest))


@pytest.mark.parametrize("chip", [ADDITIVE, THRESHOLD])
def test_a_budget_at_a_uniform_networks_own_use_is_met(chip: str) -> None:
    for each in uniform(problem(chip)):
        limits = tuple(Limit(key, each.used[key]) for key in ("packed_bytes", "latency_s", "energy_j"))
        found = solve(problem(chip), limits, time_limit_s=5.0)
        assert found.is_feasible
        assert found.mixture.meets(limits)
        assert found.mixture.damage <= each.damage


def test_looser_budgets_never_damage_more() -> None:
    along = uniform(problem())
    damages = [
        solve(problem(), (between(along, "packed_bytes", share),)).mixture.damage
        for share in (0.2, 0.5, 0.8, 1.0)
    ]
    assert all(looser < tighter for tighter, looser in pairwise(damages))
    assert damages[-1] == pytest.approx(float(problem().damage.min(axis=1).sum()))


def test_without_time_to_prove_it_the_answer_says_how_much_may_be_missing() -> None:
    along = uniform(problem())
    limits = (between(along, "packed_bytes", 0.5),)
    found = solve(problem(), limits, time_limit_s=0.0)
    assert found.is_feasible
    assert found.mixture.meets(limits)
    assert found.gap == 1.0
    assert found.n_tried == len(NAMES) + 1  # the uniform networks, and one more


def test_a_solver_out_of_time_takes_away_nothing_that_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def finds_nothing(*_: object, **__: object) -> None:
        raise EdgeAsrError("no allocation was found within 0.1 s; give it more time")

    monkeypatch.setattr("simulator.mixtures.search.allocate", finds_nothing)
    along = uniform(problem())
    found = solve(problem(), (Limit("packed_bytes", along[2].used["packed_bytes"]),))
    assert found.is_feasible
    assert found.mixture.chosen == along[2].chosen
    assert found.gap == 1.0
    missed = solve(problem(), (Limit("packed_bytes", 1.0),))
    assert not missed.is_feasible
    assert missed.mixture.chosen == along[2].chosen
    damage = problem().damage.copy()
    np.fill_diagonal(damage, np.inf)  # no network is uniform
    with pytest.raises(EdgeAsrError, match="give it more time"):
        solve(replace(problem(), damage=damage), (Limit("packed_bytes", 1.0),))


def test_the_peak_of_memory_decides_on_caches_and_activations() -> None:
    wide, narrow = uniform(problem())[1].used["sram_bytes"], uniform(problem())[0].used["sram_bytes"]
    assert narrow < wide
    limit = Limit("sram_bytes", (wide + narrow) / 2)
    found = solve(problem(), (limit,))
    assert found.is_feasible
    assert narrow <= found.mixture.used["sram_bytes"] <= limit.limit
    assert solve(problem(), (Limit("sram_bytes", wide),)).mixture.damage <= found.mixture.damage
