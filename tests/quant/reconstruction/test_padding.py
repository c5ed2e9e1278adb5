"""Without the padding the positions that carry audio come out the same, gradients included."""

import pytest
import torch
from torch import Tensor

from quant.blocks.block import Block, quantized_inputs
from quant.blocks.walk import CROSS
from quant.reconstruction.padding import can_skip_padding, output_of_kept
from quant.reconstruction.transform import Transform
from tests.quant.networks import NETWORKS, whisper
from tests.quant.recipes import uniform
from tests.quant.reconstruction.blocks import blocks_of

LAYER = "model.encoder.layers.0"
W4A8 = uniform("int4_channel_asym", "int8_token", attention="int8_token")


def gradients(block: Block, parameters: dict[str, Tensor], *, skipping: bool) -> tuple[Tensor, ...]:
    """The output at the first 8 positions, and the gradient of its power for every parameter."""
    leaves = {name: value.clone().requires_grad_() for name, value in parameters.items()}
    sample = block.samples[0]
    with quantized_inputs(block):
        output = (
            output_of_kept(block, sample, leaves, 8)
            if skipping
            else block.student_output(sample, leaves)[:, :8]
        )
    assert output.shape[1] == 8
    return output.detach(), *torch.autograd.grad(output.square().sum(), list(leaves.values()))


@pytest.mark.parametrize("name", [LAYER, CROSS])
def test_outputs_and_gradients_are_the_same(name: str) -> None:
    block = blocks_of(whisper(layers=1), W4A8)[name]
    assert can_skip_padding(block)
    # A transform's parameters: the norm in front of the attention is among those that change.
    parameters = Transform(block, alpha=0.5).parameters()
    for short, whole in zip(
        *(gradients(block, parameters, skipping=skipping) for skipping in (True, False)), strict=True
    ):
        assert torch.allclose(short, whole, rtol=1e-3, atol=1e-4 * float(whole.abs().max()))


@pytest.mark.parametrize("family", NETWORKS)
def test_ranges_over_all_positions_need_all_positions(family: str) -> None:
    recipe = uniform("int4_channel_asym", "int8_tensor_dynamic")
    found = blocks_of(NETWORKS[family](layers=1), recipe)
    assert not any(can_skip_padding(block) for block in found.values())
