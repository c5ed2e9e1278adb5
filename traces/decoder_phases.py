"""The decoder's phases, the same for Whisper and Moonshine: cross keys and values, prefill, decode."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from traces.cache_argument import cache_argument
from traces.dims import Dim
from traces.encoder_phase import EXAMPLE_BATCH, PREFIX
from traces.export import trace_module
from traces.graph import Graph, Role
from traces.workload import BATCH, PAST_TOKENS, Phase

EXAMPLE_PAST = 7
"""Tokens of the example cache; anything above 1 that no other extent has serves."""

KeyValue = tuple[torch.Tensor, torch.Tensor]


class CrossKeyValue(nn.Module):
    """Keys and values of the encoder output, for every decoder layer."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, encoded: torch.Tensor) -> list[KeyValue]:
        """Project encoded: (batch, n, d) -> per layer (batch, kv_heads, n, head_d) twice."""
        return project_keys_and_values(self.network, encoded)


def project_keys_and_values(network: Any, encoded: torch.Tensor) -> list[KeyValue]:
    """Return (batch, kv_heads, n, head_d) twice for each decoder layer, as its cross-attention reads them."""
    results = []
    for layer in network.model.decoder.layers:
        attention = layer.encoder_attn
        heads = (*encoded.shape[:2], -1, attention.head_dim)
        key = attention.k_proj(encoded).view(heads).transpose(1, 2)
        value = attention.v_proj(encoded).view(heads).transpose(1, 2)
        results.append((key, value))
    return results


class DecoderStep(nn.Module):
    """The decoder over some tokens, with explicit caches.

    Logits are those of the last position alone: that is all that generation reads. transformers itself runs
    the head over every prompt position and drops the others.
    """

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, ids: torch.Tensor, past: Sequence[KeyValue], cross: Sequence[KeyValue], encoded: torch.Tensor
    ) -> tuple[torch.Tensor, list[KeyValue]]:
        """Decode ids: (batch, tokens) -> logits (batch, 1, vocabulary) and the grown self-attention cache."""
        from transformers import EncoderDecoderCache

        own = _cache(past, len(cross))
        cache = EncoderDecoderCache(own, _cache(cross, len(cross)))
        for idx in range(len(cross)):
            cache.is_updated[idx] = True
        hidden = self.network.model.decoder(
            input_ids=ids, encoder_hidden_states=encoded, use_cache=True, **{cache_argument(): cache}
        ).last_hidden_state
        return self.network.proj_out(hidden[:, -1:]), [(layer.keys, layer.values) for layer in own.layers]


def _cache(filled: Sequence[KeyValue], layers: int) -> Any:
    """Return a cache of so many layers that holds these keys and values as they are, or nothing yet."""
    from transformers.cache_utils import DynamicCache, DynamicLayer

    cache = DynamicCache()
    cache.layers = [DynamicLayer() for _ in range(layers)]
    for layer, (key, value) in zip(cache.layers, filled, strict=False):
        layer.lazy_initialization(key, value)
        layer.keys, layer.values = key, value
    return cache


def trace_decoder_phases(
    network: Any,
    name: str,
    *,
    encoded: torch.Tensor,
    encoded_tokens: Dim,
    prompt_tokens: int,
    projection: nn.Module | None = None,
) -> tuple[Graph, Graph, Graph]:
    """Return the graphs of cross keys and values, prefill, and one decode step.

    encoded: (batch, positions, d), an example of what the encoder says, with `encoded_tokens` for positions.
    `projection` makes the cross keys and values where `CrossKeyValue` does not.
    """
    project = projection or CrossKeyValue(network)
    return (
        trace_cross_kv(project, name, encoded=encoded, encoded_tokens=encoded_tokens),
        trace_decoder(
            network,
            name,
            encoded=encoded,
            encoded_tokens=encoded_tokens,
            phase=Phase.PREFILL,
            tokens=prompt_tokens,
        ),
        trace_decoder(
            network, name, encoded=encoded, encoded_tokens=encoded_tokens, phase=Phase.DECODE, tokens=1
        ),
    )


def trace_cross_kv(projection: nn.Module, name: str, *, encoded: torch.Tensor, encoded_tokens: Dim) -> Graph:
    """Return the graph of the keys and values of one encoder output, as `CrossKeyValue` projects them."""
    return trace_module(
        projection,
        (encoded,),
        name=name,
        phase=Phase.CROSS_KV,
        dynamic_shapes=(_axes(encoded_tokens, 1),),
        prefix=PREFIX,
        output_role=Role.KV,
    )


def trace_decoder(
    network: Any, name: str, *, encoded: torch.Tensor, encoded_tokens: Dim, phase: Phase, tokens: int
) -> Graph:
    """Return the graph of prefill (no past, `tokens` at once) or decode (one token on a growing cache)."""
    layers = len(network.model.decoder.layers)
    attention = network.model.decoder.layers[0].self_attn
    heads = attention.k_proj.out_features // attention.head_dim
    device = encoded.device

    def caches(length: int) -> list[KeyValue]:
        shape = (EXAMPLE_BATCH, heads, length, attention.head_dim)
        return [(torch.empty(shape, device=device), torch.empty(shape, device=device)) for _ in range(layers)]

    past = caches(EXAMPLE_PAST) if phase is Phase.DECODE else []
    past_axes = {0: BATCH, 2: PAST_TOKENS}
    cross_axes = _axes(encoded_tokens, 2)
    names = {
        f"{cache}_{idx}_{place}": f"model.decoder.layers.{idx}.{module}.{state}_{part}"
        for cache, module, state in (("past", "self_attn", "past"), ("cross", "encoder_attn", "cross"))
        for idx in range(layers)
        for place, part in enumerate(("key", "value"))
    }
    return trace_module(
        DecoderStep(network),
        (
            torch.zeros((EXAMPLE_BATCH, tokens), dtype=torch.long, device=device),
            past,
            caches(int(encoded.shape[1])),
            encoded,
        ),
        name=name,
        phase=phase,
        dynamic_shapes=(
            {0: BATCH},
            [(past_axes, past_axes) for _ in past],
            [(cross_axes, cross_axes)] * layers,
            _axes(encoded_tokens, 1),
        ),
        prefix=PREFIX,
        input_names=names,
        kv_inputs=tuple(names),
        ties=tied_weights(network),
    )


def tied_weights(network: Any) -> dict[str, str]:
    """Return the weights that transformers stores once: alias -> owner."""
    if not network.config.tie_word_embeddings:
        return {}
    return dict(network._tied_weights_keys)


def _axes(length: Dim, axis: int) -> dict[int, str]:
    """Return the dynamic axes of something as long as the encoder output."""
    return {0: BATCH} if length.constant is not None else {0: BATCH, axis: length.text}
