"""Attention whose probabilities are quantized: the product, the softmax and the product, written out."""

import torch
from torch import Tensor
from torch.nn import functional

from quant.activations import quantize_probabilities
from traces.formats import Format

SCORES_AT_ONCE = 1 << 18
"""Scores worked on at once: 1 MB, which a core's cache holds. A whole batch of them takes twice the time."""


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
    if is_causal:
        mask = torch.ones((q.shape[2], k.shape[2]), dtype=torch.bool, device=q.device).tril_()
    at_once = max(1, SCORES_AT_ONCE // (q.shape[1] * q.shape[2] * k.shape[2]))
    shared = mask is None or mask.ndim < 4 or mask.shape[0] == 1
    parts = [slice(start, start + at_once) for start in range(0, q.shape[0], at_once)]
    mixed = [
        _attend_part(
            q[part], k[part], v[part], mask if shared or mask is None else mask[part], scale, probability
        )
        for part in parts
    ]
    return mixed[0] if len(mixed) == 1 else torch.cat(mixed)


def _attend_part(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, scale: float, probability: Format
) -> Tensor:
    scores = torch.matmul(q * scale, k.transpose(-1, -2))
    if mask is not None and mask.dtype == torch.bool:
        scores.masked_fill_(~mask, -torch.inf)
    elif mask is not None:
        scores.add_(mask)
    return torch.matmul(quantize_probabilities(scores.softmax(-1), probability), v)
