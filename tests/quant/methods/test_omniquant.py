"""Learnable clipping and transformation; what it shares with TesseraQ is in `test_learning_blocks`."""

import pytest
import torch
from torch import Tensor

from quant.methods.omniquant import OmniquantConfig, learn_block
from quant.quantizer import fake_quantize, scale_of_range
from tests.quant.networks import NETWORKS
from tests.quant.outliers import inject_outliers_
from tests.quant.recipes import uniform
from tests.quant.reconstruction.blocks import blocks_of, linear_block, output_error
from traces.errors import EdgeAsrError
from traces.formats import Format

QUICK = OmniquantConfig(epochs=6, lwc_learning_rate=5e-2)


@pytest.mark.parametrize("name", ["int3_channel", "int4_channel_asym"])
def test_the_learned_clip_is_the_best_there_is(name: str) -> None:
    """One weight of 6 on an input that is never there: only the range of the others matters."""
    generator, number = torch.Generator().manual_seed(0), Format.parse(name)
    weight, x = torch.randn(1, 32, generator=generator), torch.randn(8, 64, 32, generator=generator)
    weight[0, 0], x[..., 0] = 6.0, 0.0
    low, high = weight.amin().reshape(1, 1), weight.amax().reshape(1, 1)

    def loss(rounded: Tensor) -> float:
        return float(((rounded - weight) @ x.flatten(0, 1).T).square().mean())

    shares = torch.linspace(0.02, 1.0, 50)
    best = min(
        loss(fake_quantize(weight, scale_of_range(low * a, high * b, number), number))
        for a in (torch.ones(1) if number.symmetric else shares)
        for b in shares
    )
    block = linear_block(weight, name, *x)
    config = OmniquantConfig(epochs=60, lwc_learning_rate=5e-2)
    found = learn_block(block, {}, config).weights["block.layer"].dequantized()
    whole = loss(fake_quantize(weight, scale_of_range(low, high, number), number))
    assert loss(found) < best + 0.05 * (whole - best)


@pytest.mark.parametrize("family", NETWORKS)
def test_transformation_helps_where_activations_have_outliers(family: str) -> None:
    model = NETWORKS[family]()
    inject_outliers_(model, apart=16)
    name = "model.encoder.layers.0"
    errors = []
    for let in (False, True):
        block = blocks_of(model, uniform("int8_channel", "int4_token"))[name]
        result = learn_block(block, {}, OmniquantConfig(let=let, epochs=3))
        assert bool(result.parameters) is let
        assert bool(result.channel_scales) is let
        errors.append(output_error(block, result))
    assert errors[1] < 0.6 * errors[0]


def test_two_bits_learn_twice_as_long() -> None:
    x = torch.randn(4, 8, 16, generator=torch.Generator().manual_seed(0))
    counts = []
    for name in ("int2_channel_asym", "int3_channel_asym"):
        calls: list[int] = []
        block = linear_block(torch.randn(4, 16, generator=torch.Generator().manual_seed(1)), name, *x)
        block.student.register_forward_hook(lambda *_, calls=calls: calls.append(1))
        learn_block(block, {}, QUICK)
        counts.append(len(calls))
    assert counts == [2 * 6 * 4, 6 * 4]


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(EdgeAsrError, match=r"omniquant: let_learning_rate is 0\.0"):
        OmniquantConfig(let_learning_rate=0.0)
