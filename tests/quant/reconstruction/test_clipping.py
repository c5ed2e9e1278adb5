import pytest
import torch
from torch import Tensor

from quant.quantizer import find_scale, scale_of_range
from quant.reconstruction.clipping import LearnableRange
from quant.weights import round_weight
from traces.formats import Format

FORMATS = pytest.mark.parametrize("name", ["int2_channel_asym", "int3_channel", "int3_g32_asym", "int4_g48"])


def weight_and_format(name: str) -> tuple[Tensor, Format]:
    return torch.randn(6, 80, generator=torch.Generator().manual_seed(0)), Format.parse(name)


@FORMATS
def test_what_is_trained_is_what_is_stored(name: str) -> None:
    weight, number = weight_and_format(name)
    learned = LearnableRange(weight, number, find_scale(weight, number), is_learned=True)
    learned.low_logits -= torch.rand(learned.low_logits.shape)
    learned.high_logits -= torch.rand(learned.high_logits.shape)
    learned.learned()
    assert torch.equal(learned.weight(weight).detach(), learned.rounded(weight).dequantized())


@FORMATS
def test_a_range_found_earlier_is_where_learning_starts(name: str) -> None:
    weight, number = weight_and_format(name)
    whole = find_scale(weight, number).scale.float()
    wide = LearnableRange(weight, number, find_scale(weight, number), is_learned=True)
    assert torch.allclose(wide.rounded(weight).scale.scale.float(), 0.982 * whole, rtol=2e-3)
    narrow = find_scale(weight / 2.0, number)
    start = LearnableRange(weight, number, narrow, is_learned=True).rounded(weight)
    assert torch.allclose(start.scale.scale.float(), whole / 2.0, rtol=2e-3)


@FORMATS
def test_a_range_that_is_not_learned_stays(name: str) -> None:
    weight, number = weight_and_format(name)
    fixed = LearnableRange(weight, number, find_scale(weight, number), is_learned=False)
    assert fixed.learned() == []
    assert torch.equal(fixed.rounded(weight).codes, round_weight(weight, number, module="layer").codes)


def test_gradients_are_those_of_clipped_weights() -> None:
    """Far inside 8 bits rounding is small: a clipped weight moves with its end, and no other does."""
    number = Format.parse("int8_channel_asym")
    weight = torch.tensor([[-2.0, -0.5, 0.25, 1.0, 3.0]])
    learned = LearnableRange(
        weight, number, scale_of_range(weight[:, :1], weight[:, 4:], number), is_learned=True
    )
    learned.low_logits.zero_()
    learned.high_logits.zero_()  # the range is now -1 ... 1.5
    logits = learned.learned()
    low, high = torch.autograd.grad(learned.weight(weight).sum(), logits)
    # d(share * extreme) / d(logit) = extreme * 0.25
    assert float(low) == pytest.approx(-2.0 * 0.25, abs=0.02)
    assert float(high) == pytest.approx(3.0 * 0.25, abs=0.02)
