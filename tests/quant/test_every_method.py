"""What must hold for every method, on both families."""

from functools import cache
from pathlib import Path

import pytest
import torch
from transformers import PreTrainedModel

from quant.checkpoint import load_quantized, save_quantized
from quant.methods import METHODS, MethodConfig
from quant.methods.omniquant import OmniquantConfig
from quant.methods.spinquant import SpinquantConfig
from quant.methods.tesseraq import TesseraqConfig
from quant.quantize import QuantizedModel, quantize
from quant.recipe import MethodStep, Recipe, load_recipe, with_methods
from quant.tensor_file import stored_tensors
from tests.quant.networks import NETWORKS, calibration, logits
from tests.quant.recipes import uniform
from traces.recognisers import trace_recogniser

QUICK: dict[str, MethodConfig] = {
    "omniquant": OmniquantConfig(epochs=1),
    "spinquant": SpinquantConfig(steps=2, batch=1),
    "tesseraq": TesseraqConfig(iterations=1),
}
PIPELINES: dict[str, tuple[str, ...]] = {
    "rtn": ("rtn",),
    "hqq": ("hqq",),
    "gptq": ("gptq",),
    "quik": ("quik",),
    "awq": ("awq",),
    "omniquant": ("omniquant",),
    "awq-omniquant": ("awq", "omniquant"),
    "awq-tesseraq": ("awq", "tesseraq"),
    "smoothquant-gptq": ("smoothquant", "gptq"),
    "quarot": ("quarot", "rtn"),
    "spinquant-gptq": ("spinquant", "gptq"),
}


def steps(pipeline: str) -> tuple[MethodStep, ...]:
    return tuple(MethodStep(name, QUICK.get(name, METHODS[name].config())) for name in PIPELINES[pipeline])


def recipe_of(pipeline: str, formats: str | Recipe = "w4a8-g32") -> Recipe:
    base = load_recipe(formats) if isinstance(formats, str) else formats
    return with_methods(base, steps(pipeline), name=f"{base.name}+{pipeline}")


@cache
def network(family: str) -> PreTrainedModel:
    return NETWORKS[family](layers=1)


@cache
def quantized(family: str, pipeline: str) -> QuantizedModel:
    model = network(family)
    return quantize(model, recipe_of(pipeline), calibration=calibration(model))


def test_every_method_is_among_these() -> None:
    assert {name for pipeline in PIPELINES.values() for name in pipeline} == set(METHODS)


@pytest.mark.parametrize("family", NETWORKS)
@pytest.mark.parametrize("pipeline", PIPELINES)
def test_annotated_graph_equals_traced_graph(family: str, pipeline: str) -> None:
    plain = trace_recogniser(network(family), family)
    traced = trace_recogniser(quantized(family, pipeline).model, family)
    for graph, expected in zip(plain.graphs, traced.graphs, strict=True):
        assert recipe_of(pipeline).annotate(graph) == expected, expected.phase


@pytest.mark.parametrize("family", NETWORKS)
@pytest.mark.parametrize("pipeline", PIPELINES)
def test_same_seed_same_bytes_and_the_given_network_stays(family: str, pipeline: str) -> None:
    model = network(family)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    first = stored_tensors(quantized(family, pipeline).model)
    again = stored_tensors(quantize(model, recipe_of(pipeline), calibration=calibration(model)).model)
    assert first.keys() == again.keys()
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("family", NETWORKS)
@pytest.mark.parametrize("pipeline", PIPELINES)
def test_a_checkpoint_gives_the_same_answers(family: str, pipeline: str, tmp_path: Path) -> None:
    found = quantized(family, pipeline)
    save_quantized(found, tmp_path / "packed")
    assert torch.equal(logits(load_quantized(tmp_path / "packed").model), logits(found.model))


@pytest.mark.parametrize("family", NETWORKS)
@pytest.mark.parametrize("pipeline", PIPELINES)
def test_16_bits_are_the_float_network(family: str, pipeline: str) -> None:
    model = network(family)
    wide = recipe_of(pipeline, uniform("int16_channel", "int16_token"))
    found, expected = logits(quantize(model, wide, calibration=calibration(model)).model), logits(model)
    assert float((found - expected).norm() / expected.norm()) < 3e-3  # parameters are stored as float16
