"""Progressive rounding; what it shares with OmniQuant is in `test_learning_blocks`."""

from itertools import product

import pytest
import torch

from quant.gptq.block import round_block
from quant.methods.gptq import GptqConfig
from quant.methods.tesseraq import TesseraqConfig, learn_block
from quant.quantizer import code_range, find_scale, from_codes, to_codes
from quant.weights import QuantizedWeight, round_weight
from tests.quant.reconstruction.blocks import linear_block
from traces.errors import EdgeAsrError
from traces.formats import Format

NUMBER = Format.parse("int2_channel_asym")


@pytest.mark.parametrize("seed", range(3))
def test_rounding_comes_close_to_the_best_of_all(seed: int) -> None:
    """All 2^4 ways to round each row of a 2 x 4 weight, on inputs that go together."""
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(2, 4, generator=generator)
    common = torch.randn(4, 32, 1, generator=generator)
    x = common + 0.3 * torch.randn(4, 32, 4, generator=generator)
    scale, codes = find_scale(weight, NUMBER), code_range(NUMBER)
    start = round_weight(weight, NUMBER, module="layer")
    step, zero = scale.scale.float(), scale.zero.float()  # type: ignore[union-attr]
    lower = (weight / step + zero).floor().clamp(codes.low, codes.high - 1)

    def losses(rounded: torch.Tensor) -> torch.Tensor:
        return ((rounded - weight) @ x.flatten(0, 1).T).square().mean(1)

    choices = [
        losses(from_codes(lower + torch.tensor(up), scale, NUMBER)) for up in product((0.0, 1.0), repeat=4)
    ]
    best, nearest = torch.stack(choices).amin(0).sum(), losses(start.dequantized()).sum()
    config = TesseraqConfig(iterations=15, learning_rate=0.1, learn_scale=False)
    result = learn_block(linear_block(weight, NUMBER.name, *x), {"block.layer": start}, config)
    found = losses(result.weights["block.layer"].dequantized()).sum()
    assert found <= best + 0.1 * (nearest - best) + 1e-6


def test_earlier_ranges_are_kept_and_only_codes_change() -> None:
    weight = torch.randn(6, 40, generator=torch.Generator().manual_seed(0))
    x = torch.randn(4, 16, 40, generator=torch.Generator().manual_seed(1))
    number = Format.parse("int3_g32_asym")
    narrow = find_scale(0.7 * weight, number)
    start = QuantizedWeight(to_codes(weight, narrow, number), narrow, number)
    config = TesseraqConfig(iterations=3, learning_rate=0.05, learn_scale=False)
    found = learn_block(linear_block(weight, number.name, *x), {"block.layer": start}, config)
    result = found.weights["block.layer"]
    assert torch.equal(result.scale.scale, narrow.scale)
    assert torch.equal(result.scale.zero, narrow.zero)  # type: ignore[arg-type]
    lower = from_codes(result.codes - 1, narrow, number)
    upper = from_codes(result.codes + 1, narrow, number)
    inside = (result.codes > -4) & (result.codes < 3)
    assert ((lower < weight) & (weight < upper))[inside].all()  # one of the two codes beside the weight
    free = learn_block(
        linear_block(weight, number.name, *x),
        {"block.layer": start},
        TesseraqConfig(iterations=3, learning_rate=0.05),
    )
    assert not torch.equal(free.weights["block.layer"].scale.scale, narrow.scale)


def test_codes_of_an_earlier_step_are_where_learning_starts() -> None:
    """GPTQ's codes, which are not the nearest: one step too short to move any leaves them as they are."""
    weight = torch.randn(6, 40, generator=torch.Generator().manual_seed(0))
    x = torch.randn(4, 16, 40, generator=torch.Generator().manual_seed(1)) + 1.0
    block = linear_block(weight, NUMBER.name, *x)
    gptq = round_block(linear_block(weight, NUMBER.name, *x), GptqConfig()).weights["block.layer"]
    assert not torch.equal(gptq.codes, to_codes(weight, gptq.scale, NUMBER))
    config = TesseraqConfig(iterations=1, learning_rate=1e-9)
    found = learn_block(block, {"block.layer": gptq}, config).weights["block.layer"]
    assert torch.equal(found.codes, gptq.codes)


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(EdgeAsrError, match=r"tesseraq: iterations is 0"):
        TesseraqConfig(iterations=0)
