"""What cannot work is answered with one clear line: what, where, which value, and what to do."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from transformers import PreTrainedModel

from quant.calibration import CalibrationBatch, CalibrationData
from quant.methods import METHODS, MethodConfig
from quant.methods.gptq import GptqConfig
from quant.methods.omniquant import OmniquantConfig
from quant.methods.quarot import QuarotConfig
from quant.methods.spinquant import SpinquantConfig
from quant.methods.tesseraq import TesseraqConfig
from quant.quantize import quantize
from quant.recipe import LayerRule, MethodStep, Recipe, load_recipe
from tests.quant.networks import calibration, inputs, token_ids, whisper
from tests.quant.recipes import by_methods, uniform
from traces.errors import EdgeAsrError
from traces.formats import Format

QUICK: dict[str, MethodConfig] = {
    "omniquant": OmniquantConfig(epochs=1),
    "spinquant": SpinquantConfig(steps=1),
    "tesseraq": TesseraqConfig(iterations=1),
}
"""Settings of methods that learn with which they are done in a moment."""

LOOKING = [name for name, method in METHODS.items() if not method.data_free]
"""Methods that look at data."""


def recipe_by(method: str, formats: str = "w4a8-g32") -> Recipe:
    """A recipe with a method, and rounding to nearest behind it if the method only transforms."""
    recipe = by_methods(formats, method, *(("rtn",) if method in ("smoothquant", "spinquant") else ()))
    first = MethodStep(method, QUICK.get(method, recipe.methods[0].config))
    return replace(recipe, methods=(first, *recipe.methods[1:]))


def refused(model: PreTrainedModel, recipe: Recipe, data: CalibrationData | None) -> str:
    """The line with which the recipe is refused."""
    with pytest.raises(EdgeAsrError) as caught:
        quantize(model, recipe, calibration=data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("method", LOOKING)
def test_a_method_that_looks_at_data_asks_for_it(method: str) -> None:
    assert "needs calibration data; give it a corpus" in refused(whisper(), recipe_by(method), None)


@pytest.mark.parametrize("method", LOOKING)
def test_too_little_calibration(method: str) -> None:
    model = whisper()
    few = CalibrationData((CalibrationBatch(inputs(model, batch=1), token_ids(batch=1, length=3)),))
    said = refused(model, recipe_by(method), few)
    assert "the decoder sees 3 tokens in 1 calibration utterances; give it 8 or more" in said


@pytest.mark.parametrize("method", LOOKING)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_calibration_that_is_not_finite(method: str, value: float) -> None:
    model = whisper()
    features = inputs(model)
    features[1, 3, 7] = value
    said = refused(model, recipe_by(method), CalibrationData((CalibrationBatch(features, token_ids()),)))
    assert said == "calibration: what the encoder reads of utterance 0 is NaN or infinite; check the audio"


@pytest.mark.parametrize("method", ["awq", "gptq", "quik", "smoothquant"])
def test_a_network_that_overflows_names_the_module(method: str) -> None:
    model = whisper()
    model.get_parameter("model.encoder.layers.1.self_attn.q_proj.bias").data[0] = torch.inf
    said = refused(model, recipe_by(method), calibration(model))
    assert "the input of module 'model.encoder.layers.1." in said
    assert "is NaN or infinite; check the audio and the model" in said


@pytest.mark.parametrize("bits", [1, 17])
def test_bits_that_no_format_has(bits: int) -> None:
    with pytest.raises(EdgeAsrError, match=f"int formats of {bits} bits do not exist"):
        Format.parse(f"int{bits}_channel")


@pytest.mark.parametrize("name", ["int4_token", "int8_channel_dynamic"])
def test_a_weight_cannot_be_quantized_at_run_time(name: str) -> None:
    with pytest.raises(EdgeAsrError, match=r"layers\[1\].weight: .* is no weight format; write int8_channel"):
        uniform(name)


def test_columns_kept_float_need_ranges_found_at_run_time() -> None:
    model = whisper()
    said = refused(model, by_methods("w8a8-static", "quik"), calibration(model))
    assert "with float columns ranges are found at run time: write int8_tensor" in said


@pytest.mark.parametrize("config", [OmniquantConfig, QuarotConfig, SpinquantConfig, TesseraqConfig])
@pytest.mark.parametrize("seed", [-1, 2**63])
def test_seeds_that_no_generator_takes(config: type[QuarotConfig], seed: int) -> None:
    with pytest.raises(EdgeAsrError, match=f"seed is {seed}; write 0 to "):
        config(seed=seed)


@pytest.mark.parametrize("method", [name for name in LOOKING if name not in ("smoothquant",)])
def test_a_network_that_is_built_otherwise_is_refused(method: str) -> None:
    """What was looked for, and what was found."""
    model = whisper()
    del model.model.encoder.layer_norm
    with pytest.raises(
        EdgeAsrError, match=r"looked for 'model.encoder.layer_norm', found|found no such norm"
    ):
        quantize(model, recipe_by(method), calibration=calibration(model))


def test_two_rotations_of_one_network() -> None:
    said = refused(whisper(), by_methods("w4a8-g32", "quarot", "quarot", "rtn"), None)
    assert "rotated already; keep one of the methods quarot and spinquant" in said


def test_a_transform_that_nothing_rounds_behind() -> None:
    said = refused(whisper(), by_methods("w4a8-g32", "quarot"), None)
    assert "no method rounds the weight of 'model.encoder.conv1'; end its methods with rtn" in said


def test_a_rule_that_matches_nothing() -> None:
    recipe = load_recipe("w4a16-g32")
    rule = LayerRule(("*.no_such",), Format.parse("int4_channel"), Format.parse("float16"))
    said = refused(whisper(), replace(recipe, layers=(*recipe.layers, rule)), None)
    assert "layers[5]: *.no_such matches no module of the network; it has model.encoder.conv1, " in said


def test_a_rule_in_the_shadow_of_another_is_told() -> None:
    recipe = load_recipe("w4a16-g32")
    rule = LayerRule(("*.fc1",), Format.parse("int8_channel"), Format.parse("float16"))
    (said,) = quantize(whisper(), replace(recipe, layers=(*recipe.layers, rule))).remarks
    assert said == (
        "recipe 'w4a16-g32': layers[5]: *.fc1 never counts: earlier rules name all the modules it matches"
    )
    assert quantize(whisper(), replace(recipe, layers=(rule, *recipe.layers))).remarks == ()


def test_hessians_that_are_not_positive_definite_are_counted() -> None:
    """Twelve tokens leave a Hessian of 64 inputs singular; without damping it has no factor."""
    model = whisper()
    recipe = by_methods("w4a16-g32", "gptq")
    undamped = replace(recipe, methods=(MethodStep("gptq", GptqConfig(damping=0.0)),))
    quantized = quantize(model, undamped, calibration=calibration(model))
    told = [text for text in quantized.remarks if "not positive definite" in text]
    assert told
    assert "damped by up to" in told[0]
    assert all(torch.isfinite(p).all() for p in quantized.model.parameters())


def test_scarce_tokens_are_told_once() -> None:
    model = whisper()
    remarks = quantize(model, by_methods("w4a16-g32", "gptq"), calibration=calibration(model)).remarks
    assert [text for text in remarks if "too few to tell the 128 inputs" in text] == list(remarks)
    assert quantize(model, load_recipe("w8a8-static"), calibration=calibration(model)).remarks == ()


def test_a_layer_without_a_quantized_form() -> None:
    model = whisper()
    layer = model.model.encoder.layers[0].fc1
    model.model.encoder.layers[0].fc1 = nn.Bilinear(64, 1, 128)
    model.model.encoder.layers[0].fc1.weight = nn.Parameter(layer.weight.detach()[:, None])
    assert "a Bilinear has no quantized form" in refused(model, load_recipe("w4a16-g32"), None)
