"""Changing activations between neighbours costs what the mixed network costs beyond its units."""

import numpy as np
import pytest

from hwmodels.chip_file import load_chip
from quant.methods.rtn import RtnConfig
from quant.recipe import MethodStep, Recipe
from quant.uniform import uniform_recipe
from simulator.conversions import activation_codes, conversions
from simulator.mixing import units_of
from simulator.networks import Networks
from simulator.utterances import Utterance
from traces.store import load_workload

RTN = (MethodStep("rtn", RtnConfig()),)
UTTERANCES = (Utterance(3.0, 8),)


def recipes(*names: str) -> tuple[Recipe, ...]:
    return tuple(uniform_recipe(name, RTN) for name in names)


def test_recipes_that_compute_alike_share_a_code() -> None:
    units = units_of(load_workload("moonshine-micro"))
    codes = activation_codes(recipes("w8a8", "w4a16-g32", "w4a8-g32", "float"), units)
    assert codes.shape == (len(units), 4)
    assert codes[0].tolist() == [0, 1, 0, 1]


def test_one_kind_of_activations_has_no_conversions() -> None:
    workload = load_workload("moonshine-micro")
    networks, units = Networks(workload, UTTERANCES), units_of(workload)
    chip = load_chip("ethos-u85-256")
    assert conversions(networks, units, recipes=recipes("w8a8", "w4a8-g32"), chip=chip) is None


@pytest.mark.parametrize("names", [("w8a8", "w8a16"), ("w8a16", "w8a8")])
def test_conversions_are_small_and_never_negative(names: tuple[str, str]) -> None:
    workload = load_workload("whisper-micro")
    units = units_of(workload)
    networks = Networks(workload, UTTERANCES)
    found = conversions(networks, units, recipes=recipes(*names), chip=load_chip("ethos-u85-1024"))
    assert found is not None
    assert found.latency_s.shape == found.energy_j.shape == (len(units) - 1,)
    assert (found.latency_s >= 0).all()
    assert 0 < np.count_nonzero(found.latency_s) < len(units) - 1
    assert found.latency_s.sum() < 1e-2
