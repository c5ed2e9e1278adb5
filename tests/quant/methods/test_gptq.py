from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from quant.blocks.layout import layout_of
from quant.calibration import CalibrationData
from quant.checkpoint import load_quantized, save_quantized
from quant.gptq.front_end import unfolded
from quant.methods.gptq import GptqConfig
from quant.modules import QuantizedLinear
from quant.quantize import quantize
from quant.quantizer import find_scale, to_codes
from quant.recipe import AttentionRule, LayerRule, MethodStep, Recipe, load_recipe, with_methods
from tests.quant.networks import NETWORKS, calibration, logits, moonshine, whisper
from tests.quant.recipes import uniform
from traces.errors import EdgeAsrError
from traces.formats import FLOAT16, Format
from traces.recognisers import trace_recogniser

FAMILIES = pytest.mark.parametrize("family", NETWORKS)


def by_gptq(recipe: Recipe, config: GptqConfig | None = None) -> Recipe:
    return with_methods(recipe, (MethodStep("gptq", config or GptqConfig()),), name="gptq")


def error(quantized: Tensor, reference: Tensor) -> float:
    return float((quantized - reference).norm() / reference.norm())


@FAMILIES
@pytest.mark.parametrize("name", ["w3a16", "w4a8-g32", "w2a16-g32"])
def test_the_network_is_nearer_to_the_float_one_than_by_rounding(family: str, name: str) -> None:
    model = NETWORKS[family]()
    recipe, data, reference = load_recipe(name), calibration(model), logits(model)
    rounded = quantize(model, recipe, calibration=data if recipe.needs_calibration else None)
    found = quantize(model, by_gptq(recipe), calibration=data)
    assert error(logits(found.model), reference) < error(logits(rounded.model), reference)


@FAMILIES
def test_sixteen_bits_change_next_to_nothing(family: str) -> None:
    model = NETWORKS[family]()
    recipe = uniform("int16_channel", "int16_token", attention="int16_token")
    floats = quantize(model, load_recipe("float")).model
    found = quantize(model, by_gptq(recipe), calibration=calibration(model)).model
    assert error(logits(found), logits(floats)) < 2e-3


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("shared", ["tensor", "channel", "g48_asym"])
def test_every_width_and_granularity(bits: int, shared: str) -> None:
    model = moonshine(layers=1)
    found = quantize(model, by_gptq(uniform(f"int{bits}_{shared}")), calibration=calibration(model)).model
    layer = found.get_submodule("model.encoder.layers.0.mlp.fc1")
    assert isinstance(layer, QuantizedLinear)
    assert layer.weight_format == Format.parse(f"int{bits}_{shared}")
    assert bool(torch.isfinite(logits(found)).all())


@FAMILIES
@pytest.mark.parametrize("name", ["w3a16", "w4a8-g32"])
def test_same_data_same_codes(family: str, name: str) -> None:
    model = NETWORKS[family]()
    recipe, data = by_gptq(load_recipe(name)), calibration(model)
    first, second = (quantize(model, recipe, calibration=data).model.state_dict() for _ in range(2))
    assert all(torch.equal(first[key], second[key]) for key in first)


@FAMILIES
def test_checkpoint_and_graph(family: str, tmp_path: Path) -> None:
    model = NETWORKS[family](layers=1)
    recipe = by_gptq(load_recipe("w3a8-g32"))
    quantized = quantize(model, recipe, calibration=calibration(model))
    save_quantized(quantized, tmp_path / "packed")
    loaded = load_quantized(tmp_path / "packed")
    assert loaded.recipe == recipe
    assert torch.equal(logits(loaded.model), logits(quantized.model))
    traced = trace_recogniser(loaded.model, family)
    for plain, graph in zip(trace_recogniser(model, family).graphs, traced.graphs, strict=True):
        assert recipe.annotate(plain) == graph, graph.phase


def test_later_layers_make_up_for_earlier_ones() -> None:
    """True sequential: fc2 is fitted to what the rounded fc1 gives, and only then do its codes differ."""
    model = whisper(layers=1)
    data = calibration(model)
    codes = []
    for config in (GptqConfig(), GptqConfig(true_sequential=False)):
        found = quantize(model, by_gptq(uniform("int2_channel"), config), calibration=data).model
        layer = found.get_submodule("model.encoder.layers.0")
        codes.append([layer.get_submodule(name).weight for name in ("self_attn.q_proj", "fc2")])
    assert torch.equal(codes[0][0], codes[1][0])
    assert not torch.equal(codes[0][1], codes[1][1])


def front_end(weight: str) -> Recipe:
    """The convolutions alone are integers."""
    operand = AttentionRule(("*_attn",), FLOAT16, FLOAT16, FLOAT16)
    rules = (
        LayerRule(("*.conv*",), Format.parse(weight), FLOAT16),
        LayerRule(("*",), FLOAT16, FLOAT16),
    )
    return Recipe("front_end", rules, (operand,), (MethodStep("gptq", GptqConfig()),))


@FAMILIES
def test_convolutions_are_rounded_as_products(family: str) -> None:
    model = NETWORKS[family]()
    first = layout_of(model).encoder[0]
    seen: list[Tensor] = []

    def entering(network: nn.Module) -> Tensor:
        hook = network.get_submodule(first).register_forward_pre_hook(lambda _, args: seen.append(args[0]))
        logits(network)
        hook.remove()
        return seen.pop()

    reference = entering(model)
    recipe = front_end("int3_channel")
    plain = replace(recipe, methods=load_recipe("w8a16").methods)
    found = quantize(model, recipe, calibration=calibration(model)).model
    assert error(entering(found), reference) < 0.8 * error(entering(quantize(model, plain).model), reference)


@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 1, 1), (2, 0, 1), (3, 2, 2)])
def test_windows_times_kernel_is_the_convolution(stride: int, padding: int, dilation: int) -> None:
    layer = nn.Conv1d(4, 6, 5, stride=stride, padding=padding, dilation=dilation, bias=False)
    x = torch.randn(2, 4, 30)
    product = unfolded(x, layer) @ layer.weight.flatten(1).T
    assert torch.allclose(product.transpose(1, 2), layer(x), atol=1e-5)


def test_convolutions_in_groups_and_lookups_are_rounded_to_nearest() -> None:
    model = whisper()
    recipe = by_gptq(load_recipe("w8a16"))
    found = quantize(model, recipe, calibration=calibration(model)).model
    table = model.get_parameter("model.decoder.embed_tokens.weight")
    number = Format.parse("int8_channel")
    expected = to_codes(table, find_scale(table, number), number)
    assert torch.equal(found.get_submodule("model.decoder.embed_tokens").weight, expected)


def test_extra_damping_is_told() -> None:
    model = whisper()
    recipe = by_gptq(load_recipe("w3a16"), GptqConfig(damping=0.0))
    remarks = quantize(model, recipe, calibration=calibration(model)).remarks
    told = [text for text in remarks if "positive definite" in text]
    assert len(told) == 5
    assert told[0].startswith(
        "gptq: model.encoder.layers.0: 4 of 4 Hessians are not positive definite; damped by up to 1e-"
    )


def test_data_is_needed() -> None:
    recipe = by_gptq(load_recipe("w3a16"))
    assert recipe.needs_calibration
    for data in (None, CalibrationData(())):
        with pytest.raises(EdgeAsrError, match="gptq needs calibration data"):
            quantize(whisper(), recipe, calibration=data)


def test_weights_that_are_not_numbers() -> None:
    model = whisper()
    model.get_parameter("model.encoder.layers.1.fc1.weight").data[0, 0] = float("nan")
    with pytest.raises(EdgeAsrError, match=r"weight of module 'model.encoder.layers.1.fc1': .*NaN"):
        quantize(model, by_gptq(load_recipe("w3a16")), calibration=calibration(model))


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"damping": -1.0}, "damping is -1.0; write a share"), ({"block": 0}, "block is 0; write 1 or more")],
)
def test_settings_that_make_no_sense(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(EdgeAsrError, match=message):
        GptqConfig(**settings)
