"""Attention whose probabilities are quantized: the product, the softmax and the product, written out."""

import torch
from torch import Tensor
from torch.nn import functional

from quant.activations import quantize_activation
from traces.formats import Format


def attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    *,
    mask: Tensor | None,
    scale: float,
    is_causal: bool,
    probability: Format,
) -> Tensor:
    """Return attention of q (batch, heads, queries, head) over k, v (batch, kv heads, keys, head).

    `mask` broadcasts to (batch, heads, queries, keys): bool (True attends) or added to the scores. A token
    of the probabilities is one query's row. The operands come quantized; float probabilities take torch's
    own kernel.
    """
    repeats = q.shape[1] // k.shape[1]
    if repeats > 1:
        k, v = k.repeat_interleave(repeats, dim=1), v.repeat_interleave(repeats, dim=1)
    if probability.is_float:
        return functional.scaled_dot_product_attention(
            q, k, v, attn_mask=mask, scale=scale, is_causal=is_causal
        )
    scores = torch.matmul(q, k.transpose(-1, -2)).mul_(scale)
    if is_causal:
        future = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu_(1)
        scores.masked_fill_(future, -torch.inf)
    if mask is not None and mask.dtype == torch.bool:
        scores.masked_fill_(~mask, -torch.inf)
    elif mask is not None:
        scores.add_(mask)
    return torch.matmul(quantize_activation(scores.softmax(-1), probability), v)
