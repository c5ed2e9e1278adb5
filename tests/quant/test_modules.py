import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from quant import ops
from quant.activations import quantize_activation
from quant.attention_math import attend
from quant.modules import QuantizedConv1d, QuantizedEmbedding, QuantizedLinear, forget_floats_
from quant.quantizer import Scale
from quant.weights import QuantizedWeight, round_weight
from traces.errors import EdgeAsrError
from traces.formats import FLOAT16, INT8_CHANNEL, INT8_TOKEN, Format

FIXED = Scale(torch.tensor(0.05, dtype=torch.float16), None)


def rounded(weight: Tensor, name: str) -> QuantizedWeight:
    return round_weight(weight, Format.parse(name), module="tested")


@pytest.mark.parametrize("weight", ["int8_channel", "int4_g32_asym", "int3_channel_asym", "int2_tensor"])
@pytest.mark.parametrize("activation", ["float16", "int8_token", "int8_tensor", "int8_tensor_dynamic"])
def test_linear_equals_its_definition(weight: str, activation: str) -> None:
    layer = nn.Linear(36, 24)
    number = Format.parse(activation)
    quantized = QuantizedLinear(rounded(layer.weight, weight), layer.bias, activation=number, static=FIXED)
    x = torch.randn(2, 5, 36)
    read = quantize_activation(x, number, static=FIXED)
    expected = functional.linear(read, rounded(layer.weight, weight).dequantized(), layer.bias)
    assert torch.equal(quantized(x), expected)


@pytest.mark.parametrize("activation", ["float16", "int8_token", "int8_tensor"])
def test_exported_linear_is_one_op_with_the_same_numbers(activation: str) -> None:
    layer = nn.Linear(36, 24)
    quantized = QuantizedLinear(
        rounded(layer.weight, "int4_g32_asym"), layer.bias, activation=Format.parse(activation), static=FIXED
    )
    x = torch.randn(2, 5, 36)
    program = torch.export.export(quantized, (x,), strict=False)
    calls = [str(node.target) for node in program.graph.nodes if node.op == "call_function"]
    assert calls == ["edgeasr.quantized_linear.default"]
    assert torch.equal(program.module()(x), quantized(x))


@pytest.mark.parametrize("activation", ["float16", "int16_tensor_dynamic", "int8_tensor"])
def test_what_is_one_range_keeps_the_layout_of_samples(activation: str) -> None:
    x = torch.randn(1, 1, 50)
    found = ops.convolution_input(x, Format.parse(activation), FIXED)
    assert found.stride() == x.stride()  # in another one the convolution takes longer


@pytest.mark.parametrize("activation", ["float16", "int16_tensor_dynamic", "int8_token"])
def test_exported_convolution_is_one_op_with_the_same_numbers(activation: str) -> None:
    layer = nn.Conv1d(6, 8, 7, stride=3, padding=2, dilation=2, groups=2)
    quantized = QuantizedConv1d.like(
        layer, rounded(layer.weight, "int8_channel"), activation=Format.parse(activation), static=None
    )
    x = torch.randn(2, 6, 50)
    program = torch.export.export(quantized, (x,), strict=False)
    calls = [str(node.target) for node in program.graph.nodes if node.op == "call_function"]
    assert calls == ["edgeasr.quantized_conv1d.default"]
    assert torch.equal(program.module()(x), quantized(x))
    assert quantized(x).shape == layer(x).shape
    reference = layer(x).detach()
    assert float((quantized(x).detach() - reference).norm() / reference.norm()) < 0.02


def test_exported_embedding_is_one_op_with_the_same_numbers() -> None:
    layer = nn.Embedding(20, 12)
    quantized = QuantizedEmbedding(rounded(layer.weight, "int8_channel"))
    ids = torch.tensor([[3, 19, 0]])
    program = torch.export.export(quantized, (ids,), strict=False)
    calls = [str(node.target) for node in program.graph.nodes if node.op == "call_function"]
    assert calls == ["edgeasr.quantized_embedding.default"]
    assert torch.equal(program.module()(ids), quantized(ids))
    assert float((quantized(ids) - layer(ids)).detach().abs().max()) < 0.02


def test_convolution_tokens_are_frames() -> None:
    x = torch.randn(1, 6, 9)
    found = ops.convolution_input(x, INT8_TOKEN, None)
    assert torch.equal(found[0, :, 4], quantize_activation(x[0, :, 4], INT8_TOKEN))


def test_padding_other_than_zeros_is_refused() -> None:
    layer = nn.Conv1d(2, 2, 3, padding=1, padding_mode="reflect")
    with pytest.raises(EdgeAsrError, match="of reflect has no quantized form"):
        QuantizedConv1d.like(layer, rounded(layer.weight, "int8_channel"), activation=FLOAT16, static=None)


def test_fixed_ranges_have_to_be_calibrated() -> None:
    layer = nn.Linear(4, 4)
    with pytest.raises(EdgeAsrError, match="int8_tensor has a fixed range; calibrate it first"):
        QuantizedLinear(rounded(layer.weight, "int8_channel"), None, activation=Format.parse("int8_tensor"))


def test_tied_layers_share_one_weight_and_its_float_form() -> None:
    table = nn.Embedding(20, 12)
    lookup = QuantizedEmbedding(rounded(table.weight, "int8_channel"))
    head = QuantizedLinear(rounded(table.weight, "int8_channel"), None, activation=FLOAT16)
    head.tie_weight_(lookup)
    assert head.weight is lookup.weight
    assert head.dequantized(torch.float32) is lookup.dequantized(torch.float32)


def moved(network: nn.ModuleList) -> nn.ModuleList:
    """What `.to` another device does, on a machine with one: each layer's tensors are copied."""
    network._apply(torch.clone)  # type: ignore[no-untyped-call]  # torch leaves it untyped
    return network


def test_tied_layers_stay_tied_when_the_network_is_moved() -> None:
    table = QuantizedEmbedding(rounded(torch.randn(24, 36), "int8_channel"))
    head = QuantizedLinear(rounded(torch.randn(24, 36), "int8_channel"), None, activation=INT8_TOKEN)
    head.tie_weight_(table)
    network = nn.ModuleList([table, head])
    before = table.weight
    moved(network)
    assert table.weight is not before
    assert head.weight is table.weight
    assert head.scale is table.scale
    assert head.dequantized(torch.float32) is table.dequantized(torch.float32)
    twin = moved(copy.deepcopy(network))
    assert twin[1].weight is twin[0].weight is not table.weight


def test_the_float_form_follows_its_codes() -> None:
    layer = QuantizedLinear(rounded(torch.randn(4, 8), "int8_channel"), None, activation=FLOAT16)
    x = torch.randn(1, 8)
    before = layer(x)
    clone = copy.deepcopy(layer)
    clone.weight = -clone.weight
    assert torch.equal(clone(x), -before)
    assert torch.equal(layer(x), before)
    assert layer.double()(x.double()).dtype == torch.float64


def test_a_forgotten_float_form_is_worked_out_again() -> None:
    layer = QuantizedLinear(rounded(torch.randn(4, 8), "int8_channel"), None, activation=FLOAT16)
    kept = layer.dequantized(torch.float32)
    assert layer.dequantized(torch.float32) is kept
    forget_floats_(nn.Sequential(layer))
    assert layer.dequantized(torch.float32) is not kept
    assert torch.equal(layer.dequantized(torch.float32), kept)


@pytest.mark.parametrize("masking", ["none", "causal", "bool", "added"])
def test_written_out_attention_is_torch_attention(masking: str) -> None:
    q, k, v = torch.randn(2, 4, 5, 8), torch.randn(2, 2, 5, 8), torch.randn(2, 2, 5, 8)
    allowed = torch.ones(5, 5, dtype=torch.bool).tril()
    mask = {"bool": allowed, "added": torch.zeros(5, 5).masked_fill(~allowed, -1e9)}.get(masking)
    both = [
        attend(q, k, v, mask=mask, scale=0.3, is_causal=masking == "causal", probability=Format.parse(name))
        for name in ("float16", "int16_token")
    ]
    reference = functional.scaled_dot_product_attention(
        q, k, v, attn_mask=mask, scale=0.3, is_causal=masking == "causal", enable_gqa=True
    )
    assert torch.allclose(both[0], reference, atol=1e-6)
    assert torch.allclose(both[1], reference, atol=2e-4)


def test_a_batch_is_worked_on_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    q, k, v = torch.randn(5, 2, 6, 8), torch.randn(5, 2, 6, 8), torch.randn(5, 2, 6, 8)
    allowed = torch.rand(5, 1, 6, 6) < 0.7
    allowed[..., 0] = True

    def attended(mask: Tensor | None) -> Tensor:
        return attend(q, k, v, mask=mask, scale=0.3, is_causal=False, probability=INT8_TOKEN)

    whole = [attended(mask) for mask in (None, allowed, allowed[:1])]
    for n_utterances, n_queries in ((2, 6), (1, 4), (1, 1)):
        monkeypatch.setattr("quant.attention_math.SCORES_AT_ONCE", n_utterances * n_queries * 2 * 6)
        parts = [attended(mask) for mask in (None, allowed, allowed[:1])]
        assert all(torch.allclose(one, other) for one, other in zip(whole, parts, strict=True))
    assert not torch.allclose(whole[0], whole[1])


def test_probabilities_are_rounded() -> None:
    q, k, v = torch.randn(1, 1, 3, 8), torch.randn(1, 1, 40, 8), torch.randn(1, 1, 40, 8)
    number = Format.parse("int4_token")
    found = attend(q, k, v, mask=None, scale=0.5, is_causal=False, probability=number)
    probabilities = quantize_activation((q @ k.transpose(-1, -2) * 0.5).softmax(-1), number)
    assert len(set(probabilities[0, 0, 0].tolist())) <= 8  # no probability is negative: codes 0 ... 7
    assert torch.equal(found, probabilities @ v)


def test_representation_names_the_formats() -> None:
    layer = QuantizedLinear(rounded(torch.randn(4, 8), "int8_channel"), None, activation=INT8_TOKEN)
    assert repr(layer) == (
        f"QuantizedLinear(in_features=8, out_features=4, weight={INT8_CHANNEL}, activation={INT8_TOKEN})"
    )
