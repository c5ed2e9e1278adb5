import pytest
import torch
from torch import nn
from torch.nn import functional

from quant.activations import quantize_activation
from quant.mixed_linear import MixedLinear
from quant.quantizer import find_scale, to_codes
from quant.weights import FloatColumns, QuantizedWeight
from traces.formats import Format

KEPT = torch.tensor([3, 7, 30])


def mixed(layer: nn.Linear, number: Format) -> QuantizedWeight:
    """Rounded to nearest but for three columns."""
    kept = FloatColumns(KEPT, layer.weight.detach()[:, KEPT].half())
    rest = layer.weight.detach()[:, kept.others(36)]
    scale = find_scale(rest, number)
    return QuantizedWeight(to_codes(rest, scale, number), scale, number, kept)


@pytest.mark.parametrize("weight", ["int8_channel", "int4_g32_asym", "int3_channel_asym"])
@pytest.mark.parametrize("activation", ["float16", "int8_token", "int8_tensor_dynamic"])
def test_it_equals_its_definition(weight: str, activation: str) -> None:
    layer, number = nn.Linear(36, 24), Format.parse(activation)
    found = mixed(layer, Format.parse(weight))
    assert found.float_columns is not None
    quantized = MixedLinear(found, found.float_columns, layer.bias, activation=number)
    x = torch.randn(2, 5, 36)
    x[..., KEPT] *= 100.0  # of no consequence for the ranges of the others
    read = x.clone()
    others = found.float_columns.others(36)
    read[..., others] = quantize_activation(x[..., others], number)
    expected = functional.linear(read, found.dequantized(), layer.bias)
    assert torch.allclose(quantized(x), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("activation", ["float16", "int8_token"])
def test_exported_it_is_one_op_with_the_same_numbers(activation: str) -> None:
    layer = nn.Linear(36, 24)
    found = mixed(layer, Format.parse("int4_g32_asym"))
    assert found.float_columns is not None
    quantized = MixedLinear(found, found.float_columns, layer.bias, activation=Format.parse(activation))
    x = torch.randn(2, 5, 36)
    program = torch.export.export(quantized, (x,), strict=False)
    calls = [str(node.target) for node in program.graph.nodes if node.op == "call_function"]
    assert calls == ["edgeasr.mixed_linear.default"]
    assert torch.equal(program.module()(x), quantized(x))


def test_a_weight_is_whole_again() -> None:
    layer = nn.Linear(36, 24)
    found = mixed(layer, Format.parse("int8_channel"))
    whole = found.dequantized()
    assert torch.equal(whole[:, KEPT], layer.weight[:, KEPT].half().float())
    assert torch.allclose(whole, layer.weight, atol=0.01)
    again = QuantizedWeight.of_tensors(found.tensors())
    assert torch.equal(again.dequantized(), whole)
