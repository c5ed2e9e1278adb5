from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.func import functional_call
from transformers import PreTrainedModel

from quant.checkpoint import load_quantized, save_quantized
from quant.layers import working_copy
from quant.methods.awq import AwqConfig, awq
from quant.methods.problem import Problem
from quant.plan import make_plan
from quant.quantize import quantize
from quant.recipe import MethodStep, Recipe
from quant.resume import BlockStore
from quant.weights import QuantizedWeight
from tests.quant.networks import NETWORKS, calibration, logits, moonshine, whisper
from tests.quant.outliers import inject_outliers_
from tests.quant.recipes import uniform
from traces.errors import EdgeAsrError
from traces.recognisers import trace_recogniser

FAMILIES = pytest.mark.parametrize("family", NETWORKS)
ROUNDING = AwqConfig(scale=False, clip=False)
QUICK = AwqConfig(ratios=4, clip_steps=8)


def recipe_of(weight: str, activation: str = "float16", *, config: AwqConfig | None = None) -> Recipe:
    recipe = uniform(weight, activation, attention="int8_token" if activation != "float16" else "float16")
    return replace(recipe, methods=(MethodStep("awq", config or QUICK),))


def problem_of(model: PreTrainedModel, recipe: Recipe, *, store: BlockStore | None = None) -> Problem:
    working = working_copy(model)
    plan = make_plan(working, recipe)
    layers = tuple(layer for layer in plan.layers if not layer.is_tied)
    return Problem(working, layers, calibration(model), attention=plan.attention, store=store, step="awq")


def output_error(model: PreTrainedModel, recipe: Recipe) -> float:
    """On the logits, relative to the float model's, of the data calibrated on."""
    found = logits(quantize(model, recipe, calibration=calibration(model)).model)
    return float((found - logits(model)).norm() / logits(model).norm())


@FAMILIES
@pytest.mark.parametrize("formats", [("int16_channel",), ("int16_g24_asym", "int16_token")])
def test_sixteen_bits_change_nothing(family: str, formats: tuple[str, ...]) -> None:
    model = NETWORKS[family]()
    recipe = replace(uniform(*formats), methods=(MethodStep("awq", QUICK),))
    assert output_error(model, recipe) < 2e-3  # norms and biases become float16


@FAMILIES
@pytest.mark.parametrize("weight", ["int3_channel_asym", "int2_g32_asym", "int3_g20"])
def test_layers_err_less_than_when_rounded_to_nearest(family: str, weight: str) -> None:
    """Groups of 20 and 32 do not divide rows of 72. The median over all layers, on the calibration data."""
    model = moonshine(72, heads=2, layers=1) if family == "moonshine" else whisper(72, layers=1)
    data = calibration(model)
    found, plain = (
        torch.tensor(
            [
                detail.relative_error
                for detail in quantize(
                    model, recipe_of(weight, config=config), calibration=data, details=data
                ).details
            ]
        )
        for config in (AwqConfig(), ROUNDING)
    )
    assert float((found / plain).median()) < 0.95


@FAMILIES
def test_scales_save_a_network_with_outliers(family: str) -> None:
    """4 bits for weights and activations: the median over all fc1."""
    model = NETWORKS[family]()
    inject_outliers_(model)
    data = calibration(model)
    errors = []
    for config in (AwqConfig(clip=False), ROUNDING):
        recipe = recipe_of("int4_channel", "int4_token", config=config)
        details = quantize(model, recipe, calibration=data, details=data).details
        errors.append(
            torch.tensor([detail.relative_error for detail in details if detail.module.endswith("fc1")])
        )
    assert float((errors[0] / errors[1]).median()) < 0.6


@FAMILIES
def test_scales_help_outliers_where_weights_alone_are_rounded(family: str) -> None:
    """Judged where the search looks: at what fc1 gives in Whisper, and in Moonshine at what its MLP gives.

    There is little to gain. A channel of 30 times the size whose weights are rounded to 0 costs 1 / 64 of the
    output's power, an error of 0.125 beside some 0.2 of rounding; a scale that saves it spreads the others.
    Moonshine's scales make the MLPs' errors 0.94 to 0.97 of those of rounding. On the inputs that the float
    network gives fc1 its own errors are 0.91 to 0.995, where the best scale for fc1 alone would give 0.88 to
    0.98: it is not what the reference code looks for where there is an MLP.
    """
    model = NETWORKS[family]()
    inject_outliers_(model)
    errors = []
    for config in (AwqConfig(clip=False), ROUNDING):
        problem = problem_of(model, recipe_of("int3_channel_asym"))
        errors.append(torch.tensor(inspected_errors(problem, awq(problem, config))))
    assert float((errors[0] / errors[1]).median()) < 0.97


def inspected_errors(problem: Problem, weights: Mapping[str, QuantizedWeight]) -> list[float]:
    """The relative output error of every fc1, or of the MLP around it, with fc1 alone rounded."""
    errors = []
    for name in (name for name in weights if name.endswith("fc1")):
        inspected = name.removesuffix(".fc1") if ".mlp." in name else name
        module, seen = problem.model.get_submodule(inspected), list[Tensor]()
        hook = module.register_forward_pre_hook(lambda _, args, seen=seen: seen.append(args[0]))
        with torch.no_grad():
            logits(problem.model)
        hook.remove()
        rounded = {f"{name[len(inspected) + 1 :]}.weight".removeprefix("."): weights[name].dequantized()}
        output = module(seen[0])
        errors.append(float((functional_call(module, rounded, seen[0]) - output).norm() / output.norm()))
    return errors


@FAMILIES
def test_without_its_searches_it_rounds_to_nearest(family: str) -> None:
    model = NETWORKS[family]()
    plain = quantize(model, uniform("int3_channel_asym"))
    found = quantize(model, recipe_of("int3_channel_asym", config=ROUNDING), calibration=calibration(model))
    assert torch.equal(logits(found.model), logits(plain.model))


@FAMILIES
def test_queries_and_keys_keep_their_whole_range(family: str) -> None:
    model = NETWORKS[family]()
    problem = problem_of(model, recipe_of("int3_channel_asym"))
    weights = awq(problem, AwqConfig(scale=False))
    shrunk = {name for name, weight in weights.items() if is_shrunk(weight.scale.scale, problem, name)}
    assert shrunk == {name for name in weights if not name.endswith(("q_proj", "k_proj"))}


def is_shrunk(scale: Tensor, problem: Problem, name: str) -> bool:
    weight = problem.model.get_parameter(f"{name}.weight")
    span = weight.amax(1).clamp(min=0) - weight.amin(1).clamp(max=0)
    return bool((scale[:, 0].float() < 0.99 * span / 7).any())


@FAMILIES
def test_the_ranges_are_left_for_later_steps(family: str) -> None:
    model = NETWORKS[family]()
    problem = problem_of(model, recipe_of("int3_channel_asym"))
    weights = awq(problem, QUICK)
    assert problem.findings.weights.keys() == weights.keys()
    assert all(problem.findings.weights[name] is weight for name, weight in weights.items())
    assert "model.encoder.layer_norm" in problem.findings.channel_scales


@FAMILIES
def test_cross_attention_values_are_scaled_before_they_are_rounded(family: str) -> None:
    model = NETWORKS[family]()
    problem = problem_of(model, recipe_of("int3_channel_asym"))
    weights = awq(problem, QUICK)
    value = "model.decoder.layers.0.encoder_attn.v_proj"
    scale = problem.findings.channel_scales[value]
    assert bool((scale != 1.0).any())
    rounded, scaled = weights[value].dequantized(), problem.model.get_parameter(f"{value}.weight")
    assert float((rounded - scaled).norm() / scaled.norm()) < 0.3


@FAMILIES
@pytest.mark.parametrize("formats", [("int3_g24_asym",), ("int8_channel", "int8_tensor_asym")])
def test_saved_and_loaded_it_computes_the_same(family: str, formats: tuple[str, ...], tmp_path: Path) -> None:
    model = NETWORKS[family]()
    quantized = quantize(model, recipe_of(*formats), calibration=calibration(model))
    save_quantized(quantized, tmp_path / "packed")
    assert torch.equal(logits(load_quantized(tmp_path / "packed").model), logits(quantized.model))


@FAMILIES
def test_the_same_call_gives_the_same_codes(family: str) -> None:
    model = NETWORKS[family]()
    recipe = recipe_of("int3_channel_asym", "int8_token")
    first, second = (
        quantize(model, recipe, calibration=calibration(model)).model.state_dict() for _ in range(2)
    )
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("family", NETWORKS)
def test_the_annotated_graph_is_the_traced_one(family: str) -> None:
    model = whisper(64, layers=1) if family == "whisper" else moonshine(72, heads=2, layers=1)
    recipe = recipe_of("int4_g32_asym", "int8_token")
    plain = trace_recogniser(model, family)
    traced = trace_recogniser(quantize(model, recipe, calibration=calibration(model)).model, family)
    assert [recipe.annotate(graph) for graph in plain.graphs] == list(traced.graphs)


@FAMILIES
@pytest.mark.parametrize("dies_at", ["scales", "ranges"])
def test_an_interrupted_run_goes_on_and_ends_in_the_same_bytes(
    family: str, dies_at: str, tmp_path: Path
) -> None:
    model, recipe = NETWORKS[family](), recipe_of("int3_channel_asym")

    def dies(task: str, done: int, total: int, note: str = "") -> None:
        if task == f"awq-{dies_at}" and done == 3:
            raise KeyboardInterrupt(f"after {done} of {total} {note}")

    with pytest.raises(KeyboardInterrupt):
        quantize(model, recipe, calibration=calibration(model), progress=dies, resume=tmp_path)
    finished = sorted(path.relative_to(tmp_path).parts[1] for path in tmp_path.rglob("*.safetensors"))
    assert finished.count(f"awq-{dies_at}") == 3
    resumed = quantize(model, recipe, calibration=calibration(model), resume=tmp_path).model.state_dict()
    whole = quantize(model, recipe, calibration=calibration(model)).model.state_dict()
    assert all(torch.equal(resumed[name], whole[name]) for name in whole)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ratios": 0}, "ratios is 0; write 1 or more"),
        ({"clip_steps": 0}, "clip_steps is 0"),
        ({"tokens": -1}, "tokens is -1"),
        ({"max_shrink": 1.0}, "max_shrink is 1.0; write a share between 0 and 1"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(EdgeAsrError, match=said):
        AwqConfig(**settings)


def test_it_needs_data() -> None:
    recipe = recipe_of("int4_channel")
    assert recipe.needs_calibration
    with pytest.raises(EdgeAsrError, match=r"awq.* needs calibration data"):
        quantize(whisper(), recipe)
