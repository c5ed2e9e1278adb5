"""The walk through the blocks: what a method is shown, and that the student is the network that comes out."""

from dataclasses import replace

import pytest
import torch
from transformers import PreTrainedModel

from quant.blocks.block import Block
from quant.blocks.walk import CROSS, walk
from quant.calibration import CalibrationData
from quant.layers import working_copy
from quant.methods.problem import BlockResult, Problem
from quant.plan import PlannedLayer, make_plan
from quant.quantize import quantize
from quant.recipe import load_recipe
from quant.resume import BlockStore
from quant.weights import round_weight
from tests.quant.networks import NETWORKS, calibration, logits

BOUNDS = {"w4a16-g32": 1e-3, "w4a8-g32": 3e-2}
"""Norms and biases are float16 only in the end, which flips some codes of 8-bit activations; the quantization
error itself is 0.2 here."""


def rounding(block: Block) -> BlockResult:
    return BlockResult(
        {
            layer.module: round_weight(block.weight(layer), layer.weight, module=layer.module)
            for layer in block.layers
        }
    )


def problem_of(model: PreTrainedModel, recipe_name: str, *, store: BlockStore | None = None) -> Problem:
    working = working_copy(model)
    plan = make_plan(working, load_recipe(recipe_name))
    layers = tuple(layer for layer in plan.layers if not layer.is_tied)
    return Problem(working, layers, calibration(model), attention=plan.attention, store=store, step="test")


@pytest.mark.parametrize("family", NETWORKS)
@pytest.mark.parametrize("recipe", ["w4a16-g32", "w4a8-g32"])
def test_rounding_block_by_block_is_rounding(family: str, recipe: str) -> None:
    model = NETWORKS[family]()
    problem = problem_of(model, recipe)
    weights = walk(problem, rounding)
    expected = {layer.module: rounding_of(problem, layer) for layer in problem.layers}
    assert weights.keys() == expected.keys()
    assert all(torch.equal(weights[name].codes, expected[name]) for name in expected)


@pytest.mark.parametrize("family", NETWORKS)
def test_the_keys_and_values_of_all_layers_are_not_kept(family: str) -> None:
    """They are worked out when asked for, where there is audio; other blocks keep their outputs."""
    model = NETWORKS[family]()
    problem = problem_of(model, "w4a16-g32")
    (batch,) = calibration(model).batches
    valid = 7 if family == "whisper" else None
    problem = replace(problem, calibration=CalibrationData((replace(batch, valid=valid),)))
    kept_by: dict[str, bool] = {}

    def solve(block: Block) -> BlockResult:
        (sample,) = block.samples
        kept_by[block.name] = sample.target is not None
        expected = block.teacher_output(sample)[:, :valid]
        assert torch.allclose(block.target(sample)[:, :valid], expected, atol=1e-5)
        return rounding(block)

    walk(problem, solve)
    assert [name for name, is_kept in kept_by.items() if not is_kept] == [CROSS]


def rounding_of(problem: Problem, layer: PlannedLayer) -> torch.Tensor:
    return round_weight(problem.weight_of(layer), layer.weight, module=layer.module).codes


@pytest.mark.parametrize("family", NETWORKS)
@pytest.mark.parametrize("recipe", ["w4a16-g32", "w4a8-g32"])
def test_the_student_is_the_quantized_network(family: str, recipe: str) -> None:
    """What enters the last decoder block on the student's path is what enters it in the quantized network."""
    model = NETWORKS[family]()
    last: dict[str, torch.Tensor] = {}

    def solve(block: Block) -> BlockResult:
        last["in"] = block.samples[0].student_input
        last["teacher"] = block.samples[0].teacher_input
        return rounding(block)

    problem = problem_of(model, recipe)
    walk(problem, solve)
    for network, expected in ((quantize(model, load_recipe(recipe)).model, "in"), (model, "teacher")):
        seen: list[torch.Tensor] = []
        name = "model.decoder.layers.1"
        hook = network.get_submodule(name).register_forward_pre_hook(
            lambda _, args, seen=seen: seen.append(args[0])
        )
        logits(network)
        hook.remove()
        error = float((seen[0] - last[expected]).norm() / last[expected].norm())
        assert error <= (BOUNDS[recipe] if expected == "in" else 0.0)


@pytest.mark.parametrize("family", NETWORKS)
def test_samples_that_are_not_compared_have_no_float_path(family: str) -> None:
    model = NETWORKS[family]()
    entered: dict[int | None, list[tuple[torch.Tensor, torch.Tensor]]] = {None: [], 1: []}
    for n_compared, seen in entered.items():
        problem = problem_of(model, "w4a8-g32")
        data = CalibrationData(calibration(model).batches * 2)

        def solve(block: Block, seen: list[tuple[torch.Tensor, torch.Tensor]] = seen) -> BlockResult:
            if block.name == "model.encoder.layers.1":
                seen.extend((sample.teacher_input, sample.student_input) for sample in block.samples)
            return rounding(block)

        walk(replace(problem, calibration=data), solve, n_compared=n_compared)
    whole, one = entered[None], entered[1]
    assert all(torch.equal(a[1], b[1]) for a, b in zip(whole, one, strict=True))
    assert torch.equal(whole[0][0], one[0][0])
    assert torch.equal(one[1][0], one[1][1])
    assert not torch.equal(whole[1][0], whole[1][1])
