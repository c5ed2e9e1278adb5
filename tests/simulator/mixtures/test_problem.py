"""A mixture by its sums and as it is."""

import numpy as np
import pytest

from simulator.allocation.choices import used
from simulator.budgets import BUDGETS, Limit
from simulator.mixtures.problem import NO_OFFSETS, choices, least_offsets, mixture, uniform
from tests.simulator.mixtures.cases import ADDITIVE, NAMES, THRESHOLD, problem, small


def test_a_mixture_is_named_by_its_choice() -> None:
    few, mixtures = small()
    assert len({each.recipe.name for each in mixtures}) == len(mixtures)
    assert uniform(few)[0].recipe.name == "w8a8"
    assert mixture(few, mixtures[5].chosen).recipe == mixtures[5].recipe


@pytest.mark.parametrize("chip", [ADDITIVE, THRESHOLD])
def test_uniform_networks_are_the_sums_of_their_units(chip: str) -> None:
    for each, name in zip(uniform(problem(chip)), NAMES, strict=True):
        assert each.recipe.name == name
        for key in ("latency_s", "energy_j", "packed_bytes"):
            assert each.used[key] == pytest.approx(each.summed[key], rel=1e-9)
        # What belongs to no unit is taken at its least over recipes.
        assert each.used["sram_bytes"] == pytest.approx(each.summed["sram_bytes"], rel=1e-5)


def test_offsets_are_taken_beyond_the_sums() -> None:
    few, mixtures = small(THRESHOLD, 2)
    off = max(mixtures, key=lambda each: abs(each.offsets["latency_s"]))
    (by_sums,) = used(choices(few, [Limit("latency_s", 1.0)], offsets=off.offsets), np.array(off.chosen))
    assert by_sums == pytest.approx(off.used["latency_s"], rel=1e-12)
    assert off.summed["latency_s"] != pytest.approx(off.used["latency_s"], rel=1e-4)


def test_the_least_offsets_are_each_budgets_own_and_never_above_none() -> None:
    _, mixtures = small(THRESHOLD, 2)
    least = least_offsets(mixtures)
    for key in BUDGETS:
        assert least[key] == min(0.0, *(each.offsets[key] for each in mixtures))
    assert least_offsets(()) == NO_OFFSETS


def test_mixtures_drawn_at_random_show_how_far_sums_are_off() -> None:
    drawn = problem(THRESHOLD).least_offsets
    assert drawn["latency_s"] < -1e-3 * uniform(problem(THRESHOLD))[0].used["latency_s"]
    assert problem(ADDITIVE).least_offsets["latency_s"] == pytest.approx(0.0, abs=1e-9)


def test_budgets_and_damage_are_taken_as_they_are_asked() -> None:
    few, mixtures = small()
    asked = choices(few, [Limit("packed_bytes", 2e6), Limit("energy_j", 1.0)], offsets=NO_OFFSETS)
    assert [budget.name for budget in asked.budgets] == ["packed_bytes", "energy_j"]
    assert [budget.limit for budget in asked.budgets] == [2e6, 1.0]
    totals = used(asked, np.array(mixtures[7].chosen))
    assert totals == pytest.approx((mixtures[7].summed["packed_bytes"], mixtures[7].summed["energy_j"]))
