"""Attention of transformers models with quantized query, probabilities, keys and values.

Whisper and Moonshine call whatever attention function is registered under their config's name; ours is
`ATTENTION`. Keys and values are quantized when they are appended to the cache, token by token, as a chip
stores them; what has no cache (the encoder) is quantized at the product.
"""

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.cache_utils import DynamicLayer, EncoderDecoderCache
from transformers.masking_utils import sdpa_mask

from quant import ops
from quant.activations import quantize_activation, quantize_alike
from quant.attention_math import attend
from traces.cache_argument import cache_argument
from traces.formats import AttentionFormats, Format

if TYPE_CHECKING:
    from quant.plan import PlannedAttention

ATTENTION = "edgeasr_quantized"
"""The name of the attention function in transformers' registry."""


def quantize_attention_(model: PreTrainedModel, planned: "tuple[PlannedAttention, ...]") -> None:
    """Make every attention of the network compute in its planned formats.

    A module keeps its own as `attention_formats`, and looks at them whenever it is called.
    """
    if all(attention.formats.is_float for attention in planned):
        return
    for attention in planned:
        module = model.get_submodule(attention.module)
        module.attention_formats = attention.formats
        if not attention.formats.kv.is_float:
            module.register_forward_pre_hook(_use_quantized_cache, with_kwargs=True)
    model.set_attn_implementation(ATTENTION)


class QuantizedCacheLayer(DynamicLayer):  # type: ignore[misc]  # transformers is untyped here
    """One layer's keys and values, each token quantized when it is appended."""

    def __init__(self, kv: Format) -> None:
        super().__init__()
        self.kv = kv

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: object, **kwargs: object
    ) -> tuple[Tensor, Tensor]:
        """Append key_states and value_states (batch, heads, tokens, head); return all keys and values."""
        keys, values = quantize_alike((key_states, value_states), self.kv)
        both: tuple[Tensor, Tensor] = super().update(keys, values, *args, **kwargs)
        return both


def _use_quantized_cache(
    module: nn.Module, args: tuple[object, ...], kwargs: dict[str, object]
) -> tuple[tuple[object, ...], dict[str, object]] | None:
    """Before an attention runs, give it a quantizing cache layer, and tell the attention function so."""
    cache = kwargs.get(cache_argument())
    if not isinstance(cache, EncoderDecoderCache) or torch.compiler.is_exporting():
        return None
    is_cross = kwargs.get("key_value_states") is not None
    layers = (cache.cross_attention_cache if is_cross else cache.self_attention_cache).layers
    formats = cast("AttentionFormats", module.attention_formats)  # set in `quantize_attention_`
    index = cast("int", module.layer_idx)
    while len(layers) <= index:
        layers.append(DynamicLayer())
    if not isinstance(layers[index], QuantizedCacheLayer):
        layers[index] = _quantized(layers[index], formats.kv)
    return args, {**kwargs, "kv_is_quantized": True}


def _quantized(layer: DynamicLayer, kv: Format) -> QuantizedCacheLayer:
    quantizing = QuantizedCacheLayer(kv)
    if layer.get_seq_length() > 0:
        quantizing.update(layer.keys, layer.values)
    return quantizing


def _quantized_attention_forward(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float,
    is_causal: bool | None = None,
    kv_is_quantized: bool = False,
    **_: object,
) -> tuple[Tensor, None]:
    """Return (batch, queries, heads, head) and no weights, as transformers' attention interface has it."""
    formats = cast("AttentionFormats", module.attention_formats)  # set in `quantize_attention_`
    causal = query.shape[2] > 1 and attention_mask is None and bool(
        module.is_causal if is_causal is None else is_causal
    )  # fmt: skip
    if torch.compiler.is_exporting():
        mixed = ops.quantized_attention(
            query, key, value, attention_mask, scaling, causal, formats.query.name, formats.probability.name,
            formats.kv.name,
        )  # fmt: skip
        return mixed.transpose(1, 2).contiguous(), None
    if kv_is_quantized:
        query = quantize_activation(query, formats.query)
    elif formats.query == formats.kv:
        query, key, value = quantize_alike((query, key, value), formats.kv)
    else:
        query = quantize_activation(query, formats.query)
        key, value = quantize_alike((key, value), formats.kv)
    mixed = attend(
        query,
        key,
        value,
        mask=attention_mask,
        scale=scaling,
        is_causal=causal,
        probability=formats.probability,
    )
    return mixed.transpose(1, 2).contiguous(), None


AttentionInterface.register(ATTENTION, _quantized_attention_forward)
AttentionMaskInterface.register(ATTENTION, sdpa_mask)
