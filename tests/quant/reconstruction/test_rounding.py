import pytest
import torch
from torch import Tensor

from quant.quantizer import RangeSearch, code_range, find_scale, to_codes
from quant.reconstruction.rounding import SoftRounding
from quant.weights import QuantizedWeight, round_weight
from traces.errors import EdgeAsrError
from traces.formats import Format

FORMATS = pytest.mark.parametrize("name", ["int2_channel_asym", "int3_channel", "int3_g48_asym", "int8_g32"])


def soft(name: str, *, search: RangeSearch | None = None) -> tuple[Tensor, SoftRounding]:
    number = Format.parse(name)
    weight = torch.randn(6, 80, generator=torch.Generator().manual_seed(0))
    return weight, SoftRounding(weight, round_weight(weight, number, module="layer", search=search))


@FORMATS
def test_learning_starts_at_the_float_weight(name: str) -> None:
    weight, rounding = soft(name)
    step = rounding.scale.scale.float().max()
    inside = (rounding.weight() - weight).abs() < 1e-4
    # Rounding the zero point may push the values at one end out by less than half a step.
    assert float(inside.float().mean()) > 0.8
    assert (rounding.weight() - weight).abs().max() <= 0.5 * step + 1e-4


@FORMATS
def test_weights_beyond_the_range_lie_at_its_end(name: str) -> None:
    weight, rounding = soft(name, search=RangeSearch(norm=1.0))
    low, high = (find_scale(weight, rounding.number), rounding.scale)
    assert (high.scale < low.scale).any()
    rounding.harden_(0.0)
    expected = to_codes(weight, rounding.scale, rounding.number)
    assert torch.equal(rounding.rounded().codes, expected)


@FORMATS
def test_hardened_at_once_it_is_rounding_to_nearest(name: str) -> None:
    weight, rounding = soft(name)
    rounding.harden_(0.0)
    nearest = round_weight(weight, rounding.number, module="layer")
    assert torch.equal(rounding.rounded().codes, nearest.codes)
    assert torch.equal(rounding.weight(), rounding.rounded().dequantized())


@FORMATS
def test_learning_starts_halfway_to_codes_that_are_not_the_nearest(name: str) -> None:
    weight, rounding = soft(name)
    number, allowed = rounding.number, code_range(rounding.number)
    nearest = QuantizedWeight(to_codes(weight, rounding.scale, number), rounding.scale, number)
    toward = torch.where(weight > nearest.dequantized(), 1, -1)
    codes = (nearest.codes + toward).clamp(allowed.low, allowed.high).to(nearest.codes.dtype)
    other = QuantizedWeight(codes, rounding.scale, number)
    start = SoftRounding(weight, other)
    halfway = (weight + other.dequantized()) / 2.0
    inside = (rounding.weight() - weight).abs() < 1e-4
    assert float(inside.float().mean()) > 0.8
    assert torch.allclose(start.weight()[inside], halfway[inside], atol=1e-4)
    start.harden_(0.0)
    assert torch.equal(start.rounded().codes[inside], codes[inside])


def test_the_most_decided_are_final_first() -> None:
    weight, rounding = soft("int3_channel")
    position = weight / rounding.scale.scale.float()
    doubt = (position - position.round()).abs()
    rounding.harden_(0.25)
    variables, _ = rounding.learned()
    assert variables.numel() == weight.numel() // 4
    with torch.no_grad():
        before = rounding.weight()
        rounding.variables = torch.full_like(variables, 9.0)
        moved = rounding.weight() != before
    assert doubt[moved].min() >= doubt[~moved].max() - 1e-5


def test_a_learned_scale_is_stored() -> None:
    _, rounding = soft("int3_channel_asym")
    rounding.harden_(0.0)
    rounding.scale_variables = torch.full_like(rounding.scale_variables, 0.3)
    assert torch.allclose(rounding.weight(), rounding.rounded().dequantized(), rtol=1e-3)
    rounding.scale_variables = torch.full_like(rounding.scale_variables, -1e3)
    with pytest.raises(EdgeAsrError, match="learned scale"):
        rounding.rounded()
