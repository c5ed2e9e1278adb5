"""The two models as the training loop sees them: waveforms and texts in, CTC and decoder logits out."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from transformers import (
    MoonshineForConditionalGeneration,
    PreTrainedTokenizerFast,
    Wav2Vec2FeatureExtractor,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperTokenizer,
)

from training.architectures import (
    WINDOW_S,
    ModelName,
    build_moonshine,
    build_whisper,
    moonshine_feature_extractor,
    whisper_feature_extractor,
)
from training.augment import Rng, Samples, mask_spectrogram
from training.stem import init_stem_
from training.synthesis import SAMPLE_RATE_HZ
from training.tokenizers import train_moonshine_tokenizer, train_whisper_tokenizer


@dataclass(frozen=True, slots=True)
class Encoded:
    """What the encoder hands to the decoder.

    hidden: (batch, position, width); mask: (batch, position) int, 1 where there is audio; None attends all.
    """

    hidden: Tensor
    mask: Tensor | None


class Trainee(Protocol):
    """A model with its front end and tokenizer."""

    @property
    def model(self) -> WhisperForConditionalGeneration | MoonshineForConditionalGeneration:
        """The network itself."""

    @property
    def tokenizer(self) -> WhisperTokenizer | PreTrainedTokenizerFast:
        """The tokenizer that is exported with it."""

    @property
    def prompt(self) -> tuple[int, ...]:
        """Token ids that the decoder is started with."""

    def encode(self, audio: list[Samples], *, full_window: bool, rng: Rng | None) -> Encoded:
        """Run front end and encoder, with SpecAugment when a generator is given."""

    def token_ids(self, text: str) -> list[int]:
        """Return a transcript's tokens without prompt and end token."""

    def decoder_states(self, token_ids: Tensor, encoded: Encoded) -> Tensor:
        """Return the decoder's last hidden states: (batch, token, width)."""

    def generate(self, audio: list[Samples]) -> list[str]:
        """Transcribe greedily by the method of the same name that the class has."""


@dataclass(frozen=True, slots=True)
class WhisperTrainee:
    """whisper-micro; the released architecture pads to its window and attends the padding."""

    model: WhisperForConditionalGeneration
    tokenizer: WhisperTokenizer
    extractor: WhisperFeatureExtractor

    @property
    def prompt(self) -> tuple[int, ...]:
        """Return start of transcript and no timestamps, as the English-only releases are prompted."""
        start, no_timestamps = self.tokenizer.convert_tokens_to_ids(
            ["<|startoftranscript|>", "<|notimestamps|>"]
        )
        return start, no_timestamps

    def encode(self, audio: list[Samples], *, full_window: bool, rng: Rng | None) -> Encoded:
        """Run the encoder's own modules on a window as short as the batch allows."""
        longest_s = max(map(len, audio)) / SAMPLE_RATE_HZ
        window_s = WINDOW_S if full_window else min(WINDOW_S, np.ceil(2 * longest_s + 0.2) / 2)
        with torch.autocast("cpu", enabled=False):
            features = self.extractor(
                audio,
                sampling_rate=SAMPLE_RATE_HZ,
                padding="max_length",
                max_length=int(window_s * SAMPLE_RATE_HZ),
                return_tensors="pt",
            ).input_features
        if rng is not None:
            features = mask_spectrogram(features, rng)
        encoder = self.model.model.encoder
        hidden = nn.functional.gelu(encoder.conv1(features))
        hidden = nn.functional.gelu(encoder.conv2(hidden)).transpose(1, 2)
        hidden = hidden + encoder.embed_positions.weight[: hidden.shape[1]]
        for layer in encoder.layers:
            hidden = layer(hidden, None)
        return Encoded(encoder.layer_norm(hidden), None)

    def token_ids(self, text: str) -> list[int]:
        """Return tokens of the text behind a space, as every word in Whisper's vocabulary has one."""
        return list(self.tokenizer(" " + text, add_special_tokens=False).input_ids) if text else []

    def decoder_states(self, token_ids: Tensor, encoded: Encoded) -> Tensor:
        """Return the decoder's last hidden states, all encoder positions attended."""
        decoder = self.model.model.decoder
        states: Tensor = decoder(
            input_ids=token_ids, encoder_hidden_states=encoded.hidden, use_cache=False
        ).last_hidden_state
        return states

    def generate(self, audio: list[Samples]) -> list[str]:
        """Transcribe greedily with transformers' own decoding."""
        inputs = self.extractor(audio, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt")
        ids = self.model.generate(inputs.input_features)
        return [text.strip() for text in self.tokenizer.batch_decode(ids, skip_special_tokens=True)]


@dataclass(frozen=True, slots=True)
class MoonshineTrainee:
    """moonshine-micro; its encoder's length follows the audio and padding is masked."""

    model: MoonshineForConditionalGeneration
    tokenizer: PreTrainedTokenizerFast
    extractor: Wav2Vec2FeatureExtractor

    @property
    def prompt(self) -> tuple[int, ...]:
        """Return the start token alone."""
        return (1,)

    def encode(self, audio: list[Samples], *, full_window: bool, rng: Rng | None) -> Encoded:  # noqa: ARG002
        """Run the encoder; there is no window to fill and no spectrogram to mask."""
        inputs = self.extractor(audio, sampling_rate=SAMPLE_RATE_HZ, padding=True, return_tensors="pt")
        output = self.model.model.encoder(inputs.input_values, attention_mask=inputs.attention_mask)
        return Encoded(output.last_hidden_state, output.attention_mask)

    def token_ids(self, text: str) -> list[int]:
        """Return tokens of the text; the tokenizer itself puts a space in front."""
        return list(self.tokenizer(text, add_special_tokens=False).input_ids) if text else []

    def decoder_states(self, token_ids: Tensor, encoded: Encoded) -> Tensor:
        """Return the decoder's last hidden states, padding masked."""
        states: Tensor = self.model.model.decoder(
            input_ids=token_ids,
            encoder_hidden_states=encoded.hidden,
            encoder_attention_mask=encoded.mask,
            use_cache=False,
        ).last_hidden_state
        return states

    def generate(self, audio: list[Samples]) -> list[str]:
        """Transcribe greedily with transformers' own decoding."""
        inputs = self.extractor(audio, sampling_rate=SAMPLE_RATE_HZ, padding=True, return_tensors="pt")
        ids = self.model.generate(inputs.input_values, attention_mask=inputs.attention_mask)
        return [text.strip() for text in self.tokenizer.batch_decode(ids, skip_special_tokens=True)]


def build_trainee(name: ModelName, *, seed: int) -> WhisperTrainee | MoonshineTrainee:
    """Return an untrained model with its tokenizer, equal for equal seeds."""
    torch.manual_seed(seed)
    if name == "whisper-micro":
        whisper_tokenizer = train_whisper_tokenizer()
        return WhisperTrainee(
            build_whisper(whisper_tokenizer), whisper_tokenizer, whisper_feature_extractor()
        )
    model = build_moonshine()
    init_stem_(model.model.encoder.conv1, model.model.encoder.conv2)
    return MoonshineTrainee(model, train_moonshine_tokenizer(), moonshine_feature_extractor())
