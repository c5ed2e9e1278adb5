"""Quantized layers as torch ops, so that torch.export keeps each as one node with its formats.

Formats travel as their names (`Format.name`). Weights are integer codes of the layer's own shape, so that an
exported graph has the layer's extents; only checkpoints pack them. The kernels here are the definition; the
modules give the same numbers faster, with the weight dequantized once (`quant.modules`), and a test holds
them equal.
"""

import torch
from torch import Tensor
from torch.nn import functional

from quant.activations import quantize_activation
from quant.attention_math import attend
from quant.quantizer import Scale, from_codes
from traces.formats import Format, Granularity


@torch.library.custom_op("edgeasr::quantized_linear", mutates_args=())
def quantized_linear(
    x: Tensor,
    weight: Tensor,
    scale: Tensor,
    zero: Tensor | None,
    bias: Tensor | None,
    weight_format: str,
    activation_format: str,
    activation_scale: Tensor | None = None,
    activation_zero: Tensor | None = None,
) -> Tensor:
    """Return x (..., in) times weight (out, in) codes, plus bias."""
    x = _activation(x, activation_format, activation_scale, activation_zero)
    return functional.linear(x, _weight(weight, scale, zero, weight_format, x.dtype), bias)


@quantized_linear.register_fake
def _(x: Tensor, weight: Tensor, *_: object) -> Tensor:
    return x.new_empty((*x.shape[:-1], weight.shape[0]))


@torch.library.custom_op("edgeasr::mixed_linear", mutates_args=())
def mixed_linear(
    x: Tensor,
    weight: Tensor,
    scale: Tensor,
    zero: Tensor | None,
    float_columns: Tensor,
    float_columns_weight: Tensor,
    bias: Tensor | None,
    weight_format: str,
    activation_format: str,
) -> Tensor:
    """Return x (..., in) times a weight of which some input columns are float, plus bias.

    float_columns: (n_float,); float_columns_weight: (out, n_float); weight: (out, in - n_float) codes.
    """
    is_integer = torch.ones(x.shape[-1], dtype=torch.bool, device=x.device)
    is_integer[float_columns] = False
    others = _activation(x[..., is_integer], activation_format, None, None)
    integer = functional.linear(others, _weight(weight, scale, zero, weight_format, x.dtype), bias)
    return integer + functional.linear(x[..., float_columns], float_columns_weight.to(x.dtype))


@mixed_linear.register_fake
def _(x: Tensor, weight: Tensor, *_: object) -> Tensor:
    return x.new_empty((*x.shape[:-1], weight.shape[0]))


@torch.library.custom_op("edgeasr::quantized_conv1d", mutates_args=())
def quantized_conv1d(
    x: Tensor,
    weight: Tensor,
    scale: Tensor,
    zero: Tensor | None,
    bias: Tensor | None,
    stride: int,
    padding: int,
    dilation: int,
    groups: int,
    weight_format: str,
    activation_format: str,
    activation_scale: Tensor | None = None,
    activation_zero: Tensor | None = None,
) -> Tensor:
    """Return the convolution of x (batch, in, frames) with weight (out, in / groups, kernel) codes."""
    x = convolution_input(x, Format.parse(activation_format), _static(activation_scale, activation_zero))
    numbers = _weight(weight, scale, zero, weight_format, x.dtype)
    return functional.conv1d(x, numbers, bias, stride, padding, dilation, groups)


@quantized_conv1d.register_fake
def _(
    x: Tensor,
    weight: Tensor,
    _scale: Tensor,
    _zero: Tensor | None,
    _bias: Tensor | None,
    stride: int,
    padding: int,
    dilation: int,
    *_: object,
) -> Tensor:
    frames = (x.shape[2] + 2 * padding - dilation * (weight.shape[2] - 1) - 1) // stride + 1
    return x.new_empty((x.shape[0], weight.shape[0], frames))


@torch.library.custom_op("edgeasr::quantized_embedding", mutates_args=())
def quantized_embedding(
    ids: Tensor, weight: Tensor, scale: Tensor, zero: Tensor | None, weight_format: str
) -> Tensor:
    """Return the rows `ids` of weight (tokens, channels) codes, as float32."""
    return functional.embedding(ids, _weight(weight, scale, zero, weight_format, torch.float32))


@quantized_embedding.register_fake
def _(ids: Tensor, weight: Tensor, *_: object) -> Tensor:
    return weight.new_empty((*ids.shape, weight.shape[1]), dtype=torch.float32)


@torch.library.custom_op("edgeasr::quantized_attention", mutates_args=())
def quantized_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None,
    scale: float,
    is_causal: bool,
    query_format: str,
    probability_format: str,
    kv_format: str,
) -> Tensor:
    """Return attention of q (batch, heads, queries, head) over k, v (batch, heads, keys, head)."""
    kv = Format.parse(kv_format)
    return attend(
        quantize_activation(q, Format.parse(query_format)),
        quantize_activation(k, kv),
        quantize_activation(v, kv),
        mask=mask,
        scale=scale,
        is_causal=is_causal,
        probability=Format.parse(probability_format),
    ).contiguous()


@quantized_attention.register_fake
def _(q: Tensor, _k: Tensor, v: Tensor, *_: object) -> Tensor:
    return q.new_empty((*q.shape[:-1], v.shape[-1]))


def convolution_input(x: Tensor, number: Format, static: Scale | None) -> Tensor:
    """Quantize the input of a convolution, x (batch, channels, frames), in which a token is a frame."""
    if number.granularity is not Granularity.TOKEN:  # turning it would cost the convolution its usual layout
        return quantize_activation(x, number, static=static)
    return quantize_activation(x.transpose(1, 2), number, static=static).transpose(1, 2)


def _activation(x: Tensor, number: str, scale: Tensor | None, zero: Tensor | None) -> Tensor:
    return quantize_activation(x, Format.parse(number), static=_static(scale, zero))


def _static(scale: Tensor | None, zero: Tensor | None) -> Scale | None:
    return None if scale is None else Scale(scale, zero)


def _weight(codes: Tensor, scale: Tensor, zero: Tensor | None, number: str, dtype: torch.dtype) -> Tensor:
    return from_codes(codes, Scale(scale, zero), Format.parse(number)).to(dtype)
