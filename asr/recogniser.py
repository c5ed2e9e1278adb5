"""The value that stands for a loaded speech recogniser."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, SequenceFeatureExtractor

Family = Literal["whisper", "moonshine"]


@dataclass(frozen=True, slots=True)
class TokenCap:
    """How many tokens a recogniser may produce for a piece of audio; stops models that loop."""

    tokens_per_s: float
    extra_tokens: int

    def limit(self, audio_s: float) -> int:
        """Return the cap for `audio_s` seconds, at least one token."""
        return max(1, int(audio_s * self.tokens_per_s) + self.extra_tokens)


MOONSHINE_CAP = TokenCap(tokens_per_s=6.5, extra_tokens=2)
"""The Open ASR Leaderboard's cap (its Moonshine script, 2026)."""

WHISPER_CAP = TokenCap(tokens_per_s=224 / 30, extra_tokens=8)
"""OpenAI's own decoder stops after `n_text_ctx // 2 = 224` tokens per 30 s window; here that rate holds for
shorter audio too. The 8 leave room for the punctuation of a very short clip: "Mm-hmm." is 4 tokens in 0.3 s.
The leaderboard caps Whisper by its context only, which lets a looping model run for 448 tokens."""

FAMILY_CAPS: dict[Family, TokenCap] = {"whisper": WHISPER_CAP, "moonshine": MOONSHINE_CAP}


@dataclass(frozen=True, slots=True, eq=False)
class Recogniser:
    """A speech recogniser, ready to transcribe.

    `model` is a `WhisperForConditionalGeneration` or `MoonshineForConditionalGeneration` in eval mode; its
    layers may be replaced by quantized ones: `dataclasses.replace(recogniser, model=quantized)`.
    `revision` is the hub's commit, or `sha256:` and the start of the digest of a local folder's weights.
    `prompt_ids` are fed to the decoder before it produces text, each of `eos_ids` ends it, and `window_s` is
    the longest audio of one pass.
    """

    model: "PreTrainedModel"
    feature_extractor: "SequenceFeatureExtractor"
    tokenizer: "PreTrainedTokenizerBase"
    family: Family
    name: str
    revision: str
    prompt_ids: tuple[int, ...]
    eos_ids: tuple[int, ...]
    window_s: float
    token_cap: TokenCap

    @property
    def device(self) -> str:
        """The device that the model computes on, such as `cpu` or `cuda:0`."""
        return str(self.model.device)

    @property
    def dtype(self) -> str:
        """The number type that the model computes in, such as `float32`."""
        return str(self.model.dtype).removeprefix("torch.")
