"""Short names of number formats, and the recipes that give one to a whole network."""

import pytest

from quant.methods.rtn import RtnConfig
from quant.recipe import MethodStep, load_recipe
from quant.uniform import uniform_recipe
from simulator.annotate import annotated
from simulator.metrics import packed_bytes
from traces.errors import EdgeAsrError
from traces.store import load_workload

RTN = (MethodStep("rtn", RtnConfig()),)
LAYER = "model.encoder.layers.0.fc1"
ATTENTION = "model.decoder.layers.0.self_attn"


@pytest.mark.parametrize(
    ("name", "weight", "activation", "kv"),
    [
        ("w8a8", "int8_channel", "int8_token", "int8_token"),
        ("w4a16-g32", "int4_g32_asym", "float16", "float16"),
        ("w3a8", "int3_channel_asym", "int8_token", "int8_token"),
        ("w4a8-g64-kv4", "int4_g64_asym", "int8_token", "int4_token"),
        ("float", "float16", "float16", "float16"),
    ],
)
def test_a_name_says_the_formats(name: str, weight: str, activation: str, kv: str) -> None:
    recipe = uniform_recipe(name, RTN)
    rule = recipe.layer_formats(LAYER)
    assert (rule.weight.name, rule.activation.name) == (weight, activation)
    assert recipe.attention_formats(ATTENTION).kv.name == kv
    assert recipe.name == name


@pytest.mark.parametrize("name", ["w8a8", "w4a8-g32", "w4a16", "w2a16-g32"])
def test_layers_have_the_formats_of_the_bundled_recipe_of_the_same_name(name: str) -> None:
    ours, bundled = uniform_recipe(name, RTN), load_recipe(name)
    assert ours.layer_formats(LAYER).weight == bundled.layer_formats(LAYER).weight
    assert ours.layer_formats(LAYER).activation == bundled.layer_formats(LAYER).activation
    assert ours.attention_formats(ATTENTION).kv == bundled.attention_formats(ATTENTION).kv


@pytest.mark.parametrize("model", ["whisper-micro", "moonshine-micro"])
def test_no_layer_is_left_out(model: str) -> None:
    workload = load_workload(model)
    uniform = packed_bytes(annotated(workload, uniform_recipe("w4a8-g32", RTN)))
    bundled = packed_bytes(annotated(workload, load_recipe("w4a8-g32")))
    assert uniform < bundled < 1.2 * uniform


def test_other_recipes_go_by_their_names() -> None:
    recipe = uniform_recipe("w8a8-static", RTN)
    assert recipe.methods == RTN
    assert recipe.layer_formats(LAYER) == load_recipe("w8a8-static").layer_formats(LAYER)


@pytest.mark.parametrize(
    ("name", "fragment"),
    [
        ("w8a9-static", "w8a8-static"),
        ("w1a8", "write w2 to w8"),
        ("w8a32", "write 2 to 16"),
        ("int4", "w4a16-g32"),
    ],
)
def test_what_names_no_format_is_an_error(name: str, fragment: str) -> None:
    with pytest.raises(EdgeAsrError, match=name) as raised:
        uniform_recipe(name, RTN)
    assert fragment in str(raised.value)
