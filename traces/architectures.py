"""Architectures by name: the numbers of each model's published config.json. Costing one needs no weights.

Whisper: `config.json` of openai/whisper-* and distil-whisper/distil-* on the Hugging Face hub, which agree
with table 1 of Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision" (2022), and with
`ModelDimensions` in github.com/openai/whisper. Moonshine: `config.json` of UsefulSensors/moonshine-*, table 1
of Jeffries et al., "Moonshine: Speech Recognition for Live Transcription and Voice Commands" (2024).
Moonshine streaming: table 1 of Kudlur et al., "Moonshine v2: Ergodic Streaming Encoder ASR for
Latency-Critical Speech Applications" (2026); heads and feed-forward sizes are those at which its parameters
per stage come out. The micro models are those bundled here.
"""

from dataclasses import dataclass
from typing import Any

from traces.prompts import MULTILINGUAL_VOCABULARY, whisper_words


@dataclass(frozen=True, slots=True)
class WhisperArchitecture:
    """The extents of a Whisper model."""

    hub_id: str | None
    d_model: int
    encoder_layers: int
    decoder_layers: int
    heads: int
    ffn_size: int
    vocab_size: int
    mel_bins: int
    max_source_positions: int = 1500
    max_target_positions: int = 448

    @property
    def prompt_tokens(self) -> int:
        """Start, language, task, no timestamps; without language and task in the English models."""
        return 1 + len(whisper_words(self.vocab_size))

    def config(self) -> Any:
        """Return the transformers config."""
        from transformers import WhisperConfig

        return WhisperConfig(
            vocab_size=self.vocab_size,
            num_mel_bins=self.mel_bins,
            d_model=self.d_model,
            encoder_layers=self.encoder_layers,
            decoder_layers=self.decoder_layers,
            encoder_attention_heads=self.heads,
            decoder_attention_heads=self.heads,
            encoder_ffn_dim=self.ffn_size,
            decoder_ffn_dim=self.ffn_size,
            max_source_positions=self.max_source_positions,
            max_target_positions=self.max_target_positions,
            # No part of a graph; transformers' defaults lie outside small vocabularies.
            pad_token_id=0,
            bos_token_id=0,
            eos_token_id=0,
            decoder_start_token_id=0,
        )


@dataclass(frozen=True, slots=True)
class MoonshineArchitecture:
    """The extents of a Moonshine model."""

    hub_id: str | None
    hidden_size: int
    layers: int
    """Of the encoder, and of the decoder."""
    heads: int
    ffn_size: int
    vocab_size: int
    partial_rotary_factor: float
    max_positions: int
    prompt_tokens: int = 1
    decoder_layers: int | None = None
    """Where the decoder has another depth than the encoder."""
    pad_head_dim_to_multiple_of: int | None = None

    def config(self) -> Any:
        """Return the transformers config."""
        from transformers import MoonshineConfig

        return MoonshineConfig(
            vocab_size=self.vocab_size,
            hidden_size=self.hidden_size,
            intermediate_size=self.ffn_size,
            encoder_num_hidden_layers=self.layers,
            decoder_num_hidden_layers=self.decoder_layers or self.layers,
            encoder_num_attention_heads=self.heads,
            decoder_num_attention_heads=self.heads,
            max_position_embeddings=self.max_positions,
            partial_rotary_factor=self.partial_rotary_factor,
            pad_head_dim_to_multiple_of=self.pad_head_dim_to_multiple_of,
        )


@dataclass(frozen=True, slots=True)
class StreamingArchitecture:
    """The extents of a Moonshine streaming model; its head is not tied to the embedding."""

    hub_id: str
    encoder_size: int
    hidden_size: int
    """Of the decoder; feed-forward layers are four times as wide as their stack."""
    layers: int
    """Of the encoder, and of the decoder."""
    heads: int
    vocab_size: int = 32_768
    max_positions: int = 4_096
    prompt_tokens: int = 1

    @property
    def head_size(self) -> int:
        """Features of one head, in both stacks: the decoder's width is that of its heads together."""
        return self.hidden_size // self.heads

    def config(self) -> Any:
        """Return the transformers config; the first and last two encoder layers look 4 positions ahead."""
        from transformers import MoonshineStreamingConfig

        ahead = {0, 1, self.layers - 2, self.layers - 1}
        encoder = {
            "hidden_size": self.encoder_size,
            "intermediate_size": 4 * self.encoder_size,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "num_key_value_heads": self.heads,
            "head_dim": self.head_size,
            "sliding_windows": [[16, 4 if layer in ahead else 0] for layer in range(self.layers)],
        }
        return MoonshineStreamingConfig(
            encoder_config=encoder,
            vocab_size=self.vocab_size,
            hidden_size=self.hidden_size,
            intermediate_size=4 * self.hidden_size,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            num_key_value_heads=self.heads,
            head_dim=self.head_size,
            max_position_embeddings=self.max_positions,
        )


Architecture = WhisperArchitecture | MoonshineArchitecture | StreamingArchitecture

ENGLISH_VOCABULARY = 51_864
CANTONESE_VOCABULARY = 51_866
"""large-v3 and its descendants have one language more."""
MICRO_VOCABULARY = 640


Extents = tuple[int, int, int, int, int]
"""d_model, encoder layers, decoder layers, heads, feed-forward size."""


def _multilingual(hub_id: str, extents: Extents) -> WhisperArchitecture:
    return WhisperArchitecture(hub_id, *extents, MULTILINGUAL_VOCABULARY, mel_bins=80)


def _english(hub_id: str, extents: Extents) -> WhisperArchitecture:
    return WhisperArchitecture(hub_id, *extents, ENGLISH_VOCABULARY, mel_bins=80)


def _large_v3(hub_id: str, extents: Extents) -> WhisperArchitecture:
    return WhisperArchitecture(hub_id, *extents, CANTONESE_VOCABULARY, mel_bins=128)


ARCHITECTURES: dict[str, Architecture] = {
    "whisper-tiny": _multilingual("openai/whisper-tiny", (384, 4, 4, 6, 1536)),
    "whisper-tiny.en": _english("openai/whisper-tiny.en", (384, 4, 4, 6, 1536)),
    "whisper-base": _multilingual("openai/whisper-base", (512, 6, 6, 8, 2048)),
    "whisper-base.en": _english("openai/whisper-base.en", (512, 6, 6, 8, 2048)),
    "whisper-small": _multilingual("openai/whisper-small", (768, 12, 12, 12, 3072)),
    "whisper-small.en": _english("openai/whisper-small.en", (768, 12, 12, 12, 3072)),
    "whisper-medium": _multilingual("openai/whisper-medium", (1024, 24, 24, 16, 4096)),
    "whisper-medium.en": _english("openai/whisper-medium.en", (1024, 24, 24, 16, 4096)),
    "whisper-large-v3": _large_v3("openai/whisper-large-v3", (1280, 32, 32, 20, 5120)),
    "whisper-large-v3-turbo": _large_v3("openai/whisper-large-v3-turbo", (1280, 32, 4, 20, 5120)),
    "distil-small.en": _english("distil-whisper/distil-small.en", (768, 12, 4, 12, 3072)),
    "distil-large-v3": _large_v3("distil-whisper/distil-large-v3", (1280, 32, 2, 20, 5120)),
    "moonshine-tiny": MoonshineArchitecture(
        "UsefulSensors/moonshine-tiny", 288, 6, 8, 1152, 32_768, 0.9, 194
    ),
    "moonshine-base": MoonshineArchitecture(
        "UsefulSensors/moonshine-base", 416, 8, 8, 1664, 32_768, 0.62, 194
    ),
    "moonshine-streaming-tiny": StreamingArchitecture(
        "UsefulSensors/moonshine-streaming-tiny", 320, 320, 6, 8
    ),
    "moonshine-streaming-small": StreamingArchitecture(
        "UsefulSensors/moonshine-streaming-small", 620, 512, 10, 8
    ),
    "moonshine-streaming-medium": StreamingArchitecture(
        "UsefulSensors/moonshine-streaming-medium", 768, 640, 14, 10
    ),
    "whisper-micro": WhisperArchitecture(
        None,
        *(160, 5, 2, 4, 640),
        MICRO_VOCABULARY,
        mel_bins=80,
        max_source_positions=400,
        max_target_positions=64,
    ),
    "moonshine-micro": MoonshineArchitecture(
        None, 128, 7, 4, 512, MICRO_VOCABULARY, 0.9, 512, decoder_layers=2
    ),
}
"""Name -> extents; every one is stored as a graph."""

HUB_IDS = {
    architecture.hub_id: name
    for name, architecture in ARCHITECTURES.items()
    if architecture.hub_id  # some have no checkpoint
}
