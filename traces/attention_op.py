"""Attention as one node of an exported recogniser.

torch.export keeps scaled_dot_product_attention as one node too, but works out its shape by decomposing it;
with symbolic extents that is half the time of a trace. This op says its shape outright.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import sdpa_mask

TRACED_ATTENTION = "edgeasr_traced"
"""The name of the attention function in transformers' registry."""

FLOAT_ATTENTIONS = ("sdpa", "eager")
"""The implementations that compute the same; any other is left as it is."""


@torch.library.custom_op("edgeasr::attention", mutates_args=())
def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, scale: float, is_causal: bool) -> Tensor:
    """Return attention of q (batch, heads, m, d) over k, v (batch, kv_heads, n, d)."""
    grouped = q.shape[1] != k.shape[1]
    mixed = functional.scaled_dot_product_attention(
        q, k, v, attn_mask=mask, is_causal=is_causal, scale=scale, enable_gqa=grouped
    )
    return mixed.contiguous()


@attention.register_fake
def _(q: Tensor, _k: Tensor, v: Tensor, *_: object) -> Tensor:
    return q.new_empty((*q.shape[:-1], v.shape[-1]))


@contextmanager
def traced_attention(model: Any) -> Iterator[None]:
    """Give a transformers model this attention while it is traced."""
    usual = model.config._attn_implementation
    if usual not in FLOAT_ATTENTIONS:
        yield
        return
    model.set_attn_implementation(TRACED_ATTENTION)
    try:
        yield
    finally:
        model.set_attn_implementation(usual)


def _forward(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float,
    is_causal: bool | None = None,
    **_: object,
) -> tuple[Tensor, None]:
    causal = bool(module.is_causal if is_causal is None else is_causal)
    causal = causal and query.shape[2] > 1 and attention_mask is None
    mixed: Tensor = attention(query, key, value, attention_mask, scaling, causal)
    return mixed.transpose(1, 2).contiguous(), None


AttentionInterface.register(TRACED_ATTENTION, _forward)
AttentionMaskInterface.register(TRACED_ATTENTION, sdpa_mask)
