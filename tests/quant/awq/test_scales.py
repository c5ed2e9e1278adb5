"""The scale search: what it chooses, on what, and that folding it in changes nothing."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedModel

from quant.awq.scales import search_scales
from quant.blocks.block import Block
from quant.blocks.walk import CROSS, walk
from quant.calibration import CalibrationBatch, CalibrationData
from quant.layers import working_copy
from quant.methods.problem import BlockResult, Problem
from quant.plan import make_plan
from quant.quantizer import fake_quantize, find_scale
from quant.recipe import Recipe
from tests.quant.networks import NETWORKS, calibration, inputs, logits, token_ids, whisper
from tests.quant.outliers import inject_outliers_
from tests.quant.recipes import uniform
from traces.formats import Format

LAYER = "model.encoder.layers.0"


def searched(
    model: PreTrainedModel, recipe: Recipe, *, data: CalibrationData | None = None
) -> tuple[PreTrainedModel, dict[str, BlockResult]]:
    """The float network with the scales folded in, and what was found for each block."""
    working = working_copy(model)
    results: dict[str, BlockResult] = {}

    def solve(block: Block) -> BlockResult:
        results[block.name] = search_scales(block, ratios=20, tokens=10_000)
        return results[block.name]

    layers = tuple(layer for layer in make_plan(working, recipe).layers if not layer.is_tied)
    walk(Problem(working, layers, data or calibration(model), step="test"), solve, quantized=False)
    return working, results


@pytest.mark.parametrize("family", NETWORKS)
@pytest.mark.parametrize("formats", [("int3_channel_asym",), ("int4_g32", "int8_token")])
def test_the_float_network_stays_as_it_is(family: str, formats: tuple[str, ...]) -> None:
    model = NETWORKS[family]()
    inject_outliers_(model)
    scaled, results = searched(model, uniform(*formats))
    assert float((logits(scaled) - logits(model)).norm() / logits(model).norm()) <= 1e-4
    sources = {name for result in results.values() for name in result.channel_scales}
    assert len(sources) == {"whisper": 1 + 2 * 3 + 2 * 5, "moonshine": 1 + 2 * 3 + 2 * 6}[family]
    assert any(not torch.equal(s, torch.ones_like(s)) for s in results[CROSS].channel_scales.values())


def test_the_scale_is_the_best_of_the_grid_by_hand() -> None:
    """v_proj -> out_proj, where the inspected module is one linear layer; 12 of 20 positions carry data."""
    model = whisper(layers=1)
    data = CalibrationData((CalibrationBatch(inputs(model), token_ids(), 12),))
    _, results = searched(model, uniform("int3_channel_asym"), data=data)
    attention = model.get_submodule(f"{LAYER}.self_attn")
    seen: list[Tensor] = []
    hook = attention.out_proj.register_forward_pre_hook(
        lambda _, args: seen.append(args[0][:, :12].flatten(0, 1))
    )
    logits(model)
    hook.remove()
    x, weight, number = seen[0], attention.out_proj.weight.detach(), Format.parse("int3_channel_asym")
    magnitude = x.abs().mean(0)
    losses, scales = [], []
    for i in range(20):
        scale = magnitude ** (i / 20)
        scale = scale / (scale.max() * scale.min()).sqrt()
        scaled = weight * scale
        rounded = fake_quantize(scaled, find_scale(scaled, number), number) / scale
        losses.append(float(functional.linear(x, rounded - weight).square().sum()))
        scales.append(scale)
    best = scales[losses.index(min(losses))]
    torch.testing.assert_close(results[LAYER].channel_scales[f"{LAYER}.self_attn.v_proj"], best)


def test_channels_of_large_activations_are_scaled_up() -> None:
    """Thirty times the activation, a thirtieth of the weight: without a scale rounding loses such columns."""
    model = whisper()
    inject_outliers_(model)
    _, results = searched(model, uniform("int3_channel_asym"))
    scale = results[LAYER].channel_scales[f"{LAYER}.final_layer_norm"]
    assert int(scale.argmax()) == 5
    assert float(scale[5] / scale.median()) > 3.0


def test_layers_that_stay_float_are_not_scaled_for() -> None:
    recipe = uniform("int3_channel_asym")
    rule = replace(recipe.layers[0], modules=("*.self_attn.*", "*.encoder_attn.*"))
    _, results = searched(whisper(), replace(recipe, layers=(rule, *recipe.layers)))
    found = {name for result in results.values() for name in result.channel_scales}
    assert found == {
        f"model.{stack}.layers.{index}.final_layer_norm"
        for stack in ("encoder", "decoder")
        for index in (0, 1)
    }
