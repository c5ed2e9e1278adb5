"""Other bits are the estimate of the network with those formats, and floats have none to change."""

import math
from dataclasses import replace

import numpy as np
import pytest

from hwmodels.chip_file import load_chip
from quant.recipe import load_recipe
from simulator.annotate import annotated
from simulator.bit_sensitivity import LEAST_BITS, MOST_BITS, bit_sensitivities, with_bits
from simulator.estimate import Estimate, estimate
from simulator.sensitivity import Sensitivity
from simulator.utterances import Utterance
from traces.graph import Role
from traces.store import load_workload

UTTERANCES = (Utterance(3.0, 8),)


def known(recipe: str, chip: str = "ethos-u85-1024") -> Estimate:
    return estimate(
        annotated(load_workload("whisper-micro"), load_recipe(recipe)), load_chip(chip), utterances=UTTERANCES
    )


def by_part(found: Estimate) -> dict[str, Sensitivity]:
    return {row.parameter.split(".")[1]: row for row in bit_sensitivities(found)}


def mean(found: Estimate) -> tuple[float, float]:
    return float(found.latency_s().nominal.mean()), float(found.energy_j().nominal.mean())


@pytest.mark.parametrize("chip", ["ethos-u85-1024", "hexagon-htp-v75", "nucleo-h7a3zi"])
def test_half_the_weight_bits_is_the_recipe_of_half_the_bits(chip: str) -> None:
    whole = known("w8a8", chip)
    half = estimate(with_bits(whole.workload, Role.WEIGHT, factor=0.5), whole.chip, utterances=UTTERANCES)
    row = by_part(whole)["weights"]
    assert (row.latency_halved_s, row.energy_halved_j) == mean(half)
    assert {
        tensor.format.name
        for graph in half.workload.graphs
        for tensor in graph.tensors
        if tensor.role is Role.WEIGHT and not tensor.format.is_float
    } == {"int4_channel"}
    recipe = load_recipe("w8a8")
    halved = tuple(
        rule if rule.weight.is_float else replace(rule, weight=replace(rule.weight, bits=4))
        for rule in recipe.layers
    )
    by_recipe = annotated(load_workload("whisper-micro"), replace(recipe, layers=halved))
    assert mean(half) == mean(estimate(by_recipe, whole.chip, utterances=UTTERANCES))


def test_an_elasticity_is_the_slope_from_half_to_twice_the_bits() -> None:
    row = by_part(known("w8a8"))["caches"]
    assert row.latency_halved_s is not None
    assert row.latency_doubled_s is not None
    assert row.latency_elasticity == pytest.approx(
        math.log(row.latency_doubled_s / row.latency_halved_s) / math.log(4)
    )
    assert row.latency_elasticity > 0


def test_floats_have_no_bits_to_change() -> None:
    assert by_part(known("float")) == {}
    assert set(by_part(known("w4a16-g32"))) == {"weights"}
    assert set(by_part(known("w8a8"))) == {"weights", "activations", "caches"}


def test_bits_stay_within_those_that_exist() -> None:
    workload = known("w8a8").workload
    for factor, bound in ((1e-3, LEAST_BITS), (1e3, MOST_BITS)):
        bits = {
            tensor.format.bits
            for graph in with_bits(workload, Role.WEIGHT, factor=factor).graphs
            for tensor in graph.tensors
            if tensor.role is Role.WEIGHT and not tensor.format.is_float
        }
        assert bits == {bound}


def test_a_chip_with_nothing_for_some_bits_leaves_the_result_open() -> None:
    whole = known("w8a8")
    strict = replace(whole.chip, fallbacks=(), rates=whole.chip.rates)
    row = by_part(replace(whole, chip=strict))["weights"]
    assert row.latency_halved_s is None
    assert row.latency_doubled_s is None
    assert row.latency_elasticity == 0.0
    assert row.latency_swing_s == 0.0
    assert np.isfinite(row.value)
