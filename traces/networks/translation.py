"""Encoder-decoder networks as two graphs each: a text or line encoder, and one step of the decoder."""

from typing import Any

import torch
from torch import nn
from transformers.cache_utils import DynamicCache, EncoderDecoderCache

from traces.cache_argument import cache_argument
from traces.networks.built import Built, image, token_ids

KeyValue = tuple[torch.Tensor, torch.Tensor]

OPUS_TOKENS = 256
"""Source tokens, and target tokens with the one being decoded."""

OPUS_VOCABULARY = 65_001
"""Of opus-mt-en-es and its siblings."""

TROCR_TOKENS = 20
"""Longest text of a line, with the token being decoded."""


class EncoderKv(nn.Module):
    """An encoder, and the keys and values that every decoder layer makes of its output."""

    def __init__(self, encoder: nn.Module, cross_attentions: list[Any]) -> None:
        super().__init__()
        self.network = encoder
        self.cross = nn.ModuleList(
            part for layer in cross_attentions for part in (layer.k_proj, layer.v_proj)
        )

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """x: pixels or ids -> per layer keys and values (1, tokens, d)."""
        encoded = self.network(x)[0]
        return [part(encoded) for part in self.cross]


class DecoderStep(nn.Module):
    """One token on caches of fixed length."""

    def __init__(self, decoder: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.network = decoder
        self.head = head

    def forward(self, ids: torch.Tensor, past: list[KeyValue], cross: list[KeyValue]) -> torch.Tensor:
        """ids: (1, 1), past, cross: per layer (1, heads, tokens, head size) -> logits (1, 1, vocabulary)."""
        cache = EncoderDecoderCache(DynamicCache(past), DynamicCache(cross))
        for layer in range(len(cross)):
            cache.is_updated[layer] = True
        heads, tokens, size = cross[0][0].shape[1:]
        hidden = self.network(
            input_ids=ids,
            # Its numbers are in the cross cache; only its length is looked at.
            encoder_hidden_states=torch.empty((1, tokens, heads * size), device=ids.device),
            use_cache=True,
            **{cache_argument(): cache},
        ).last_hidden_state
        logits: torch.Tensor = self.head(hidden)
        return logits


def opus_encoder() -> Built:
    """Return the encoder of opus-mt over 256 tokens, with the cross keys and values of 6 layers."""
    model = _opus()
    cross = [layer.encoder_attn for layer in model.model.decoder.layers]
    return Built(EncoderKv(model.model.encoder, cross), token_ids(OPUS_TOKENS))


def opus_decoder() -> Built:
    """Return one step of opus-mt's decoder, the 256th token of 256."""
    model = _opus()
    return _step(
        model.model.decoder, model.lm_head, layers=6, heads=8, head_size=64,
        past=OPUS_TOKENS - 1, encoded=OPUS_TOKENS,
    )  # fmt: skip


def trocr_small_encoder() -> Built:
    """Return TrOCR's DeiT-small encoder on 384x384 pixels, with the cross keys and values of 6 layers."""
    from transformers import DeiTConfig, DeiTModel

    encoder = DeiTModel(
        DeiTConfig(hidden_size=384, num_attention_heads=6, intermediate_size=1536, image_size=384),
        add_pooling_layer=False,
    )
    cross = [layer.encoder_attn for layer in _trocr().model.decoder.layers]
    return Built(EncoderKv(encoder, cross), image(384))


def trocr_small_decoder() -> Built:
    """Return one step of TrOCR-small's decoder, the 20th token of 20, over 578 encoder positions."""
    model = _trocr()
    return _step(
        model.model.decoder, model.output_projection, layers=6, heads=8, head_size=32,
        past=TROCR_TOKENS - 1, encoded=578,
    )  # fmt: skip


def _opus() -> Any:
    from transformers import MarianConfig, MarianMTModel

    return MarianMTModel(
        MarianConfig(
            vocab_size=OPUS_VOCABULARY,
            d_model=512,
            encoder_layers=6,
            decoder_layers=6,
            encoder_attention_heads=8,
            decoder_attention_heads=8,
            encoder_ffn_dim=2048,
            decoder_ffn_dim=2048,
            max_position_embeddings=512,
            pad_token_id=OPUS_VOCABULARY - 1,
            decoder_start_token_id=OPUS_VOCABULARY - 1,
        )
    )


def _trocr() -> Any:
    from transformers import TrOCRConfig, TrOCRForCausalLM

    return TrOCRForCausalLM(
        TrOCRConfig(
            vocab_size=64_044,
            d_model=256,
            decoder_layers=6,
            decoder_attention_heads=8,
            decoder_ffn_dim=1024,
            cross_attention_hidden_size=384,
            scale_embedding=True,
            max_position_embeddings=512,
        )
    )


def _step(
    decoder: nn.Module, head: nn.Module, *, layers: int, heads: int, head_size: int, past: int, encoded: int
) -> Built:
    def caches(length: int) -> list[KeyValue]:
        shape = (1, heads, length, head_size)
        return [(torch.empty(shape, device="meta"), torch.empty(shape, device="meta")) for _ in range(layers)]

    names = tuple(
        f"{cache}_{layer}_{part}" for cache in ("past", "cross") for layer in range(layers) for part in (0, 1)
    )
    return Built(DecoderStep(decoder, head), (*token_ids(1), caches(past), caches(encoded)), names)
