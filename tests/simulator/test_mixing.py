"""Costs by unit sum to the estimate of a uniform recipe, and mixed recipes give each unit its own formats."""

from dataclasses import replace

import numpy as np
import pytest

from hwmodels.chip_file import load_chip
from quant.methods.rtn import RtnConfig
from quant.recipe import MethodStep, load_recipe
from simulator.annotate import annotated
from simulator.estimate import estimate
from simulator.metrics import packed_bytes
from simulator.mixing import mixed, unit_costs, units_of
from simulator.networks import Networks
from simulator.utterances import Utterance
from traces.errors import EdgeAsrError
from traces.store import load_workload

NAMES = ("w8a8", "w4a8-g32", "w3a16-g32")
RECIPES = tuple(load_recipe(name) for name in NAMES)
UTTERANCES = (Utterance(2.0, 6), Utterance(4.0, 12))


@pytest.mark.parametrize("model", ["whisper-micro", "moonshine-micro", "whisper-tiny.en"])
def test_every_weight_belongs_to_one_unit(model: str) -> None:
    workload = load_workload(model)
    units = units_of(workload)
    modules = [module for unit in units for module in unit.layers]
    assert len(modules) == len(set(modules))
    by_name = {unit.name: unit for unit in units}
    attention = by_name["model.decoder.layers.0.encoder_attn"]
    assert {module.rsplit(".", 1)[1] for module in attention.layers} >= {"q_proj", "k_proj", "v_proj"}
    assert attention.attentions == ("model.decoder.layers.0.encoder_attn",)
    assert set(by_name["model.decoder.embed_tokens"].layers) == {"model.decoder.embed_tokens", "proj_out"}


@pytest.mark.parametrize("chip_name", ["ethos-u85-1024", "hexagon-htp-v75"])
def test_units_and_the_rest_sum_to_the_estimate(chip_name: str) -> None:
    workload, chip = load_workload("whisper-micro"), load_chip(chip_name)
    units = units_of(workload)
    costs = unit_costs(Networks(workload, UTTERANCES), units, recipes=RECIPES, chip=chip)
    assert costs.latency_s.shape == (len(units), len(RECIPES))
    for index, recipe in enumerate(RECIPES):
        whole = estimate(annotated(workload, recipe), chip, utterances=UTTERANCES)
        for of_units, fixed, expected in (
            (costs.latency_s, costs.fixed_latency_s, whole.latency_s().nominal.mean()),
            (costs.energy_j, costs.fixed_energy_j, whole.energy_j().nominal.mean()),
            (costs.packed_bytes, costs.fixed_packed_bytes, packed_bytes(whole.workload)),
        ):
            assert of_units[:, index].sum() + fixed[index] == pytest.approx(float(expected))
        assert costs.live_bytes[:, index].max() <= whole.peak_activation_bytes()
        assert (costs.latency_s[:, index] > 0).all()
        assert costs.fixed_latency_s[index] > 0


def test_packed_bytes_of_a_mixture_are_exact() -> None:
    workload, chip = load_workload("moonshine-micro"), load_chip("ethos-u85-1024")
    units = units_of(workload)
    costs = unit_costs(Networks(workload, UTTERANCES), units, recipes=RECIPES, chip=chip)
    chosen = tuple(int(choice) for choice in np.random.default_rng(0).integers(0, len(RECIPES), len(units)))
    recipe = mixed(RECIPES, units, chosen=chosen, name="mixed")
    expected = costs.packed_bytes[np.arange(len(units)), chosen].sum() + costs.fixed_packed_bytes[0]
    assert packed_bytes(annotated(workload, recipe)) == pytest.approx(expected)


def test_a_mixture_follows_each_units_choice() -> None:
    workload = load_workload("whisper-micro")
    units = units_of(workload)
    chosen = tuple(index % len(RECIPES) for index in range(len(units)))
    recipe = mixed(RECIPES, units, chosen=chosen, name="mixed")
    for unit, index in zip(units, chosen, strict=True):
        for module in unit.layers:
            assert recipe.layer_formats(module).weight == RECIPES[index].layer_formats(module).weight
        for module in unit.attentions:
            assert recipe.attention_formats(module).kv == RECIPES[index].attention_formats(module).kv


def test_different_methods_cannot_be_mixed() -> None:
    workload = load_workload("whisper-micro")
    units = units_of(workload)
    plain = load_recipe("float")
    assert (
        mixed((RECIPES[0], plain), units, chosen=(0,) * len(units), name="mixed").methods
        == RECIPES[0].methods
    )
    searched = (MethodStep("rtn", RtnConfig(range="mse")),)
    with pytest.raises(EdgeAsrError, match="different methods"):
        mixed(
            (RECIPES[0], replace(RECIPES[1], methods=searched)), units, chosen=(0,) * len(units), name="mixed"
        )
