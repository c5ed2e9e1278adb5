"""Text encoders with the heads and the tokens they are measured with. Needs torch; no weights are made."""

from collections.abc import Callable

from traces.networks.built import Built, network_output, token_ids

TOKENS = 384
"""Sequence length at which the published latencies of BERT and its kin were measured."""


def bert_base() -> Built:
    """Return BERT-base with its masked-token head over all positions."""
    from transformers import BertConfig, BertForMaskedLM

    return Built(network_output(BertForMaskedLM(BertConfig())), token_ids(TOKENS))


def distilbert_base() -> Built:
    """Return DistilBERT with its masked-token head over all positions."""
    from transformers import DistilBertConfig, DistilBertForMaskedLM

    return Built(network_output(DistilBertForMaskedLM(DistilBertConfig())), token_ids(TOKENS))


def albert_base_v2() -> Built:
    """Return ALBERT-base with its masked-token head over all positions."""
    from transformers import AlbertConfig, AlbertForMaskedLM

    config = AlbertConfig(hidden_size=768, num_attention_heads=12, intermediate_size=3072)
    return Built(network_output(AlbertForMaskedLM(config)), token_ids(TOKENS))


def electra_base() -> Built:
    """Return the discriminator of ELECTRA-base."""
    from transformers import ElectraConfig, ElectraForPreTraining

    config = ElectraConfig(
        embedding_size=768,
        hidden_size=768,
        num_hidden_layers=12,
        num_attention_heads=12,
        intermediate_size=3072,
    )
    return Built(network_output(ElectraForPreTraining(config)), token_ids(TOKENS))


def mobilebert() -> Built:
    """Return MobileBERT with its masked-token head over all positions."""
    from transformers import MobileBertConfig, MobileBertForMaskedLM

    return Built(network_output(MobileBertForMaskedLM(MobileBertConfig())), token_ids(TOKENS))


def nomic_embed() -> Built:
    """Return Nomic Embed Text over 128 tokens: rotary positions and gated feed-forward layers."""
    from transformers import NomicBertConfig, NomicBertModel

    return Built(network_output(NomicBertModel(NomicBertConfig())), token_ids(128))


def clip_text(d: int, *, layers: int, heads: int, activation: str) -> Callable[[], Built]:
    """Return the builder of a text encoder of CLIP's kind, as image generators use it, over 77 tokens."""

    def build() -> Built:
        from transformers import CLIPTextConfig, CLIPTextModel

        config = CLIPTextConfig(
            hidden_size=d,
            intermediate_size=4 * d,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            max_position_embeddings=77,
            hidden_act=activation,
        )
        return Built(network_output(CLIPTextModel(config)), token_ids(77))

    return build
