from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest
import torch
from torch import Tensor
from transformers import PreTrainedModel

from quant.blocks.walk import CROSS
from quant.checkpoint import load_quantized, save_quantized
from quant.layers import working_copy
from quant.methods.problem import Problem
from quant.methods.rtn import RtnConfig
from quant.methods.smoothquant import SmoothQuantConfig, smoothing_scale, smoothquant
from quant.plan import make_plan
from quant.quantize import quantize
from quant.recipe import LayerRule, MethodStep, Recipe
from tests.quant.networks import NETWORKS, calibration, logits, moonshine, whisper
from tests.quant.outliers import inject_outliers_
from tests.quant.recipes import by_methods, uniform
from traces.errors import EdgeAsrError
from traces.formats import FLOAT16, INT8_CHANNEL
from traces.recognisers import trace_recogniser

FAMILIES = pytest.mark.parametrize("family", NETWORKS)
RTN = MethodStep("rtn", RtnConfig())
W8A8_STATIC = ("int8_channel", "int8_tensor_asym")
W4A4 = ("int4_channel", "int4_token")
NORMS = 1 + 2 * 2 + 2 * 3
"""The encoder's last, two in each of two encoder layers, three in each of two decoder layers."""


def smoothed(recipe: Recipe, *, alpha: float = 0.5) -> Recipe:
    return replace(recipe, methods=(MethodStep("smoothquant", SmoothQuantConfig(alpha)), RTN))


def problem_of(model: PreTrainedModel, recipe: Recipe) -> Problem:
    working = working_copy(model)
    layers = tuple(layer for layer in make_plan(working, recipe).layers if not layer.is_tied)
    return Problem(working, layers, calibration(model), step="smoothquant")


def relative(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


@FAMILIES
@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_the_float_network_stays_as_it_is(family: str, alpha: float) -> None:
    model = NETWORKS[family]()
    inject_outliers_(model)
    problem = problem_of(model, uniform(*W4A4))
    assert smoothquant(problem, SmoothQuantConfig(alpha)) == {}
    assert relative(logits(problem.model), logits(model)) <= 1e-4
    assert len(problem.findings.channel_scales) == NORMS
    assert all("norm" in name for name in problem.findings.channel_scales)


@FAMILIES
def test_ranges_of_activations_and_weights_meet(family: str) -> None:
    """Equation 4 at alpha 0.5: a channel spans as much in the input as in all weights that read it."""
    model = NETWORKS[family]()
    problem = problem_of(model, uniform(*W4A4))
    smoothquant(problem, SmoothQuantConfig())
    scaled, projections = problem.model, ("k_proj", "v_proj")
    seen: list[Tensor] = []
    cross = [f"model.decoder.layers.{index}.encoder_attn.{part}" for index in (0, 1) for part in projections]
    hook = scaled.get_submodule(cross[0]).register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    logits(scaled)
    hook.remove()
    of_input = seen[0].abs().flatten(0, 1).amax(0)
    of_weights = torch.stack([scaled.get_parameter(f"{name}.weight").abs().amax(0) for name in cross]).amax(0)
    torch.testing.assert_close(of_input, of_weights, rtol=1e-4, atol=1e-6)


def test_the_scale_by_hand() -> None:
    absmax = torch.tensor([16.0, 1.0, 0.0])
    weights = (torch.tensor([[1.0, -2.0, 4.0]]), torch.tensor([[-4.0, 0.5, 0.0]]))
    assert smoothing_scale(absmax, weights, alpha=0.5).tolist() == pytest.approx(
        [2.0, 0.5**0.5, (1e-5 / 4) ** 0.5]
    )
    assert smoothing_scale(absmax, weights, alpha=1.0).tolist() == pytest.approx([16.0, 1.0, 1e-5])
    assert smoothing_scale(absmax, weights, alpha=0.0).tolist() == pytest.approx([0.25, 0.5, 0.25])


@FAMILIES
@pytest.mark.parametrize("formats", [W8A8_STATIC, W4A4])
def test_outliers_cost_at_most_half_as_much(family: str, formats: tuple[str, str]) -> None:
    """Over the layers behind norms, the median error relative to rounding without smoothing."""
    model = NETWORKS[family]()
    inject_outliers_(model)
    data, recipe = calibration(model), uniform(*formats)
    behind_norms = ("q_proj", "k_proj", "v_proj", "fc1")
    plain, found = (
        {
            detail.module: detail.relative_error
            for detail in quantize(model, method, calibration=data, details=data).details
            if detail.module.endswith(behind_norms) and detail.relative_error
        }
        for method in (recipe, smoothed(recipe))
    )
    assert median(found[name] / plain[name] for name in plain) <= 0.5


@FAMILIES
def test_sixteen_bits_change_nothing(family: str) -> None:
    model = NETWORKS[family]()
    quantized = quantize(
        model, smoothed(uniform("int16_channel", "int16_token")), calibration=calibration(model)
    )
    assert relative(logits(quantized.model), logits(model)) < 2e-3  # norms and biases become float16


@FAMILIES
def test_saved_and_loaded_it_computes_the_same_and_again_the_same(family: str, tmp_path: Path) -> None:
    model = NETWORKS[family]()
    recipe = smoothed(uniform(*W8A8_STATIC))
    first, second = (quantize(model, recipe, calibration=calibration(model)) for _ in range(2))
    save_quantized(first, tmp_path / "packed")
    assert torch.equal(logits(load_quantized(tmp_path / "packed").model), logits(first.model))
    assert all(
        torch.equal(value, second.model.state_dict()[name])
        for name, value in first.model.state_dict().items()
    )


@FAMILIES
def test_the_annotated_graph_is_the_traced_one(family: str) -> None:
    model = whisper(64, layers=1) if family == "whisper" else moonshine(72, heads=2, layers=1)
    recipe = smoothed(uniform("int8_channel", "int8_token", attention="int8_token"))
    plain = trace_recogniser(model, family)
    traced = trace_recogniser(quantize(model, recipe, calibration=calibration(model)).model, family)
    assert [recipe.annotate(graph) for graph in plain.graphs] == list(traced.graphs)


@FAMILIES
def test_an_interrupted_run_goes_on(family: str, tmp_path: Path) -> None:
    model, recipe = NETWORKS[family](), smoothed(uniform(*W4A4))

    def dies(task: str, done: int, total: int, note: str = "") -> None:
        if task == "1-smoothquant" and done == 3:
            raise KeyboardInterrupt(f"after {done} of {total} {note}")

    with pytest.raises(KeyboardInterrupt):
        quantize(model, recipe, calibration=calibration(model), progress=dies, resume=tmp_path)
    assert {path.stem for path in tmp_path.rglob("*.safetensors")} == {
        "model.encoder.layers.0",
        "model.encoder.layers.1",
        CROSS,
    }
    resumed = quantize(model, recipe, calibration=calibration(model), resume=tmp_path).model
    whole = quantize(model, recipe, calibration=calibration(model)).model
    assert torch.equal(logits(resumed), logits(whole))


def test_where_nothing_is_rounded_there_is_nothing_to_smooth() -> None:
    model = whisper(layers=1)
    quantized = quantize(model, smoothed(uniform("int4_channel")), calibration=calibration(model))
    assert torch.equal(logits(quantized.model), logits(quantize(model, uniform("int4_channel")).model))
    assert quantized.remarks[-1].endswith("the recipe keeps all activations in float; nothing to smooth")
    recipe = uniform(*W4A4)
    recipe = replace(recipe, layers=(LayerRule(("*.self_attn.*",), INT8_CHANNEL, FLOAT16), *recipe.layers))
    problem = problem_of(model, recipe)
    smoothquant(problem, SmoothQuantConfig())
    assert not any("self_attn_layer_norm" in name for name in problem.findings.channel_scales)
    assert len(problem.findings.channel_scales) == 4


@pytest.mark.parametrize("family", NETWORKS)
def test_where_a_rotation_has_folded_the_norms_it_says_so(family: str) -> None:
    model = NETWORKS[family](layers=1)
    recipe = by_methods("w4a8-g32", "smoothquant", "quarot", "rtn")
    found = quantize(model, recipe, calibration=calibration(model))
    assert any("no norm has a scale of its own" in remark for remark in found.remarks)
    plain = quantize(model, smoothed(uniform(*W4A4)), calibration=calibration(model))
    assert not any("no norm" in remark for remark in plain.remarks)


def test_a_share_beyond_one_is_refused() -> None:
    with pytest.raises(EdgeAsrError, match=r"smoothquant: alpha is 1.5; write a share from 0 to 1"):
        SmoothQuantConfig(1.5)


def test_without_a_step_that_rounds_it_says_so() -> None:
    recipe = replace(uniform(*W4A4), methods=(MethodStep("smoothquant", SmoothQuantConfig()),))
    model = whisper(layers=1)
    with pytest.raises(EdgeAsrError, match="end its methods with rtn"):
        quantize(model, recipe, calibration=calibration(model))
