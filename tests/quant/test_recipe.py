import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from quant.methods.rtn import RtnConfig
from quant.recipe import (
    AttentionRule,
    LayerRule,
    MethodStep,
    Recipe,
    bundled_recipes,
    load_recipe,
    recipe_json,
    save_recipe,
    with_methods,
)
from tests.quant.recipes import uniform
from traces.errors import EdgeAsrError
from traces.formats import FLOAT16, INT8_CHANNEL, INT8_TOKEN, Format

GOOD = """\
name: mine
methods:
  - name: rtn
    config: {range: mse, norm: 2e0}
layers:
  - modules: ["*norm"]
    weight: float16
    activation: float16
  - modules: ["*_proj"]
    weight: int4_g32
    activation: int8_token
attention:
  - modules: ["*_attn"]
    query: int8_token
    probability: int8_token
    kv: int8_token
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    return path


def test_reads_a_file(tmp_path: Path) -> None:
    recipe = load_recipe(write(tmp_path, GOOD))
    assert recipe == Recipe(
        name="mine",
        layers=(
            LayerRule(("*norm",), FLOAT16, FLOAT16),
            LayerRule(("*_proj",), Format.parse("int4_g32"), INT8_TOKEN),
        ),
        attention=(AttentionRule(("*_attn",), INT8_TOKEN, INT8_TOKEN, INT8_TOKEN),),
        methods=(MethodStep("rtn", RtnConfig(range="mse", norm=2.0)),),
    )


@pytest.mark.parametrize("name", bundled_recipes())
def test_bundled_recipes_say_their_name_and_survive_writing(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.description
    save_recipe(recipe, tmp_path / "copy.yaml")
    assert load_recipe(tmp_path / "copy.yaml") == recipe


def test_the_study_recipes_are_bundled() -> None:
    wanted = {"float", "w8a8", "w4a16-g32", "w4a8-g32", "w3a16-g32", "w2a16-g32", "w8a16", "w3a16", "w4a16"}
    assert wanted <= set(bundled_recipes())


def test_equal_recipes_have_equal_json() -> None:
    assert recipe_json(load_recipe("w8a8")) == recipe_json(load_recipe("w8a8"))
    assert recipe_json(load_recipe("w8a8")) != recipe_json(load_recipe("w8a16"))


def test_numbers_written_with_an_exponent_are_numbers(tmp_path: Path) -> None:
    text = GOOD.replace("norm: 2e0", "norm: 24e-1")  # PyYAML reads 24e-1 as a string
    step = load_recipe(write(tmp_path, text)).methods[0]
    assert step.config == RtnConfig(range="mse", norm=2.4)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("weight: int4_g32", "wieght: int4_g32", r"mine.yaml: layers.1.wieght: unknown key; did you mean we"),
        ("int4_g32", "int4_g", r"mine.yaml: layers.1.weight: unknown number format 'int4_g'"),
        ("int4_g32", "int1_channel", r"layers.1.weight: int formats of 1 bits do not exist here"),
        ("int4_g32", "int4_token", r"mine.yaml: recipe 'mine': layers\[1\].weight: int4_token is no weight"),
        ("name: rtn", "name: rnt", r"mine.yaml: methods.0.name: unknown .* method 'rnt'; did you mean rtn"),
        ("range: mse", "rnage: mse", r"mine.yaml: methods.0.config: rnage: unknown key; did you mean range"),
        ("range: mse", "range: most", r"mine.yaml: methods.0.config: range: 'most'"),
        ("norm: 2e0", "norm: -1", r"mine.yaml: methods.0.config: rtn: norm is -1.0"),
        ("norm: 2e0", "norm: two", r"mine.yaml: methods.0.config: norm: 'two'"),
        ("name: mine\n", "", r"mine.yaml: name: is missing"),
        ('modules: ["*_proj"]', "modules: []", r"mine.yaml: layers.1.modules"),
        ("query: int8_token", "query: int8_tensor", r"attention\[0\].query: int8_tensor has a fixed range"),
        ("kv: int8_token", "kv: int8_tensor_dynamic", r"attention\[0\].kv: int8_tensor_dynamic cannot"),
        ("name: mine", "[", r"mine.yaml: is no valid YAML"),
    ],
)
def test_mistakes_in_a_file(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(EdgeAsrError, match=message) as caught:
        load_recipe(write(tmp_path, GOOD.replace(old, new, 1)))
    assert "\n" not in str(caught.value)


def test_a_folder_or_file_of_its_name_does_not_hide_a_bundled_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w8a8").mkdir()
    (tmp_path / "mine").mkdir()
    assert load_recipe("w8a8").name == "w8a8"
    with pytest.raises(EdgeAsrError, match="unknown recipe 'mine'"):
        load_recipe("mine")


def test_where_a_recipe_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(EdgeAsrError, match=r"'.*r.yaml' cannot be written .*; choose another place"):
        save_recipe(load_recipe("w8a8"), tmp_path / "nowhere" / "r.yaml")


def test_unknown_names_offer_the_nearest() -> None:
    with pytest.raises(EdgeAsrError, match=r"unknown recipe 'w4a16-g23'; did you mean .*w4a16-g32"):
        load_recipe("w4a16-g23")
    with pytest.raises(EdgeAsrError, match="cannot be read"):
        load_recipe("nowhere.yaml")


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (LayerRule((), FLOAT16, FLOAT16), "modules: is empty"),
        (LayerRule(("*",), Format("float", 32), FLOAT16), "weight: float32 is no float format of recipes"),
        (LayerRule(("*",), INT8_CHANNEL, Format("float", 8)), "activation: float8 is no float format"),
        (LayerRule(("*",), INT8_CHANNEL, Format.parse("int8_channel")), "is no activation format"),
        (LayerRule(("*",), FLOAT16, INT8_TOKEN), "int8_token does not go with the weight's float16"),
    ],
)
def test_formats_that_make_no_sense(layer: LayerRule, message: str) -> None:
    with pytest.raises(EdgeAsrError, match=message):
        Recipe("mine", (layer,), (), (MethodStep("rtn", RtnConfig()),))


def test_integer_weights_need_a_method() -> None:
    with pytest.raises(EdgeAsrError, match="methods: is empty"):
        replace(uniform("int8_channel"), methods=())


def test_other_methods_keep_the_formats() -> None:
    formats, steps = load_recipe("w4a8-g32"), (MethodStep("rtn", RtnConfig(range="mse")),)
    recipe = with_methods(formats, steps, name="mine")
    assert (recipe.layers, recipe.attention) == (formats.layers, formats.attention)
    assert (recipe.name, recipe.methods) == ("mine", steps)
    with pytest.raises(EdgeAsrError, match="'mine': methods: is empty"):
        with_methods(formats, (), name="mine")


def test_the_first_rule_that_matches_counts() -> None:
    recipe = load_recipe("w4a8-g32")
    assert recipe.layer_formats("proj_out").weight == INT8_CHANNEL
    assert recipe.layer_formats("model.decoder.layers.0.self_attn.q_proj").weight.bits == 4
    assert recipe.layer_formats("model.decoder.layers.0.self_attn_layer_norm").weight == FLOAT16
    assert recipe.attention_formats("model.decoder.layers.0.encoder_attn").kv == INT8_TOKEN


def test_a_module_that_no_rule_names_is_an_error() -> None:
    with pytest.raises(EdgeAsrError, match=r"names no formats for module 'model.extra'"):
        load_recipe("w8a8").layer_formats("model.extra")
    with pytest.raises(EdgeAsrError, match=r"names no formats for attention 'model.extra'"):
        load_recipe("w8a8").attention_formats("model.extra")


def test_fixed_ranges_and_methods_that_look_at_data_need_calibration() -> None:
    assert {name for name in bundled_recipes() if load_recipe(name).needs_calibration} == {
        "w3a16-g32-gptq",
        "w4a16-g32-gptq",
        "w4a4-quik",
        "w8a16-static",
        "w8a8-static",
        "w8a8-static-smoothquant",
    }


def test_recipes_need_no_torch() -> None:
    code = "import sys, quant, quant.annotate; quant.load_recipe('w8a8'); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
