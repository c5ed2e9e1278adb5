"""Attention whose probabilities are quantized: the product, the softmax and the product, written out."""

import torch
from torch import Tensor
from torch.nn import functional

from quant.activations import quantize_probabilities
from traces.formats import Format, Granularity

SCORES_AT_ONCE = 1 << 20
"""Scores worked on at once: 4 MB, a core's share of its cache. All queries of a 30 s window take 1.7 times as
long in one piece as in such parts."""


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
    if q.shape[0] * q.shape[1] * q.shape[2] * k.shape[2] <= SCORES_AT_ONCE:
        return _attend_part(q, k, v, mask, scale, probability)
    utterances, rows = _parts(q, k, probability)
    mixed = [
        [
            _attend_part(q[some, :, few], k[some], v[some], _mask_of(mask, some, few), scale, probability)
            for few in rows
        ]
        for some in utterances
    ]
    return _joined([_joined(parts, dim=2) for parts in mixed], dim=0)


def _parts(q: Tensor, k: Tensor, probability: Format) -> tuple[list[slice], list[slice]]:
    """Return which utterances, and which of their queries, are worked on at once.

    Queries share nothing but a range of their probabilities, if that is one for all of them.
    """
    scores_per_query = q.shape[1] * k.shape[2]
    n_utterances = max(1, SCORES_AT_ONCE // (scores_per_query * q.shape[2]))
    is_per_query = probability.granularity is Granularity.TOKEN
    n_queries = max(1, SCORES_AT_ONCE // scores_per_query) if is_per_query else q.shape[2]
    return _slices(q.shape[0], n_utterances), _slices(q.shape[2], n_queries)


def _slices(length: int, step: int) -> list[slice]:
    return [slice(start, start + step) for start in range(0, length, step)]


def _joined(parts: list[Tensor], *, dim: int) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim)


def _mask_of(mask: Tensor | None, utterances: slice, queries: slice) -> Tensor | None:
    """Return the part of a mask that broadcasts to (batch, heads, queries, keys)."""
    if mask is None:
        return None
    if mask.ndim == 4 and mask.shape[0] > 1:
        mask = mask[utterances]
    return mask[..., queries, :] if mask.ndim > 1 and mask.shape[-2] > 1 else mask


def _attend_part(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, scale: float, probability: Format
) -> Tensor:
    scores = torch.matmul(q * scale, k.transpose(-1, -2))
    if mask is not None and mask.dtype == torch.bool:
        scores.masked_fill_(~mask, -torch.inf)
    elif mask is not None:
        scores.add_(mask)
    return torch.matmul(quantize_probabilities(_softmax(scores), probability), v)


def _softmax(scores: Tensor) -> Tensor:
    """Return the softmax of each row of scores, in their memory unless a gradient needs them.

    Touching as much memory anew takes as long as half a softmax (measured with 4 MB).
    """
    return scores.softmax(-1) if scores.requires_grad else torch.softmax(scores, -1, out=scores)
