import pytest
import torch

from quant.blocks.block import kept, quantized_inputs
from quant.blocks.walk import CROSS
from quant.reconstruction.objective import Objective, descend_
from tests.quant.networks import NETWORKS
from tests.quant.recipes import uniform
from tests.quant.reconstruction.blocks import blocks_of, linear_block
from traces.errors import EdgeAsrError

BLOCKS = ("model.encoder.layers.1", CROSS, "model.decoder.layers.1")


@pytest.mark.parametrize("family", NETWORKS)
def test_samples_computed_together_have_the_error_they_have_alone(family: str) -> None:
    """Padding left out, the decoder attending to the encoder's outputs of its own utterance."""
    blocks = blocks_of(NETWORKS[family](), uniform("int4_channel_asym", "int8_token"))
    for name in BLOCKS:
        block = blocks[name]
        weight = {f"{layer.module}.weight": 1.01 * block.weight(layer) for layer in block.layers}
        squares, n_numbers = 0.0, 0
        n_calls: list[int] = []
        hook = block.student.register_forward_hook(lambda *_, calls=n_calls: calls.append(1))
        with quantized_inputs(block):
            for sample in (block.samples[2], block.samples[0]):
                error = kept(block.student_output(sample, weight), sample) - kept(
                    block.target(sample), sample
                )
                squares, n_numbers = squares + float(error.square().sum()), n_numbers + error.numel()
            n_calls.clear()
            found = float(Objective(block, seed=0)(weight, (2, 0)))
        hook.remove()
        assert found == pytest.approx(squares / n_numbers, rel=1e-4)
        assert len(n_calls) == 1


def test_a_second_target_is_the_float_block_on_quantized_inputs() -> None:
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    block = linear_block(torch.ones(2, 3), "int4_channel", x)
    block.samples[0].student_input = block.samples[0].student_input + 1.0
    weight = torch.full((2, 3), 2.0)
    own, teacher = (x + 1.0) @ weight.T, x @ torch.ones(3, 2)
    twice = (own - teacher).square().mean() + (own - (x + 1.0) @ torch.ones(3, 2)).square().mean()
    found = Objective(block, seed=0, augmented=True)({"block.layer.weight": weight}, (0,))
    assert float(found) == pytest.approx(float(twice) / 2.0)


def test_draws_are_those_of_the_seed() -> None:
    block = linear_block(torch.ones(2, 3), "int4_channel", *torch.randn(9, 5, 3))
    draws = [[Objective(block, seed=seed).drawn(4) for _ in range(2)] for seed in (0, 1)]
    assert draws[0][0] == draws[0][1] != draws[1][0]
    assert len(set(draws[0][0])) == 4


def test_a_loss_that_is_not_finite_names_the_block() -> None:
    x = torch.ones(1, requires_grad=True)
    with pytest.raises(EdgeAsrError, match=r"omniquant: the loss of block 'model\.encoder\.layers\.3'"):
        descend_(torch.optim.SGD([x]), x.sum() / 0.0, method="omniquant", block="model.encoder.layers.3")
