"""What a recogniser's decoder is given before it speaks."""

from typing import Any

MULTILINGUAL_VOCABULARY = 51_865
"""Whisper vocabularies from this size on are multilingual (openai/whisper, `Whisper.is_multilingual`)."""


def prompt_words(model: Any) -> tuple[str, ...]:
    """Return the tokens that follow the start token of a Whisper or Moonshine model; Moonshine has none.

    Whether a Whisper is multilingual its generation configuration says, and else its vocabulary.
    """
    if model.config.model_type != "whisper":
        return ()
    said = getattr(model.generation_config, "is_multilingual", None)
    return whisper_words(model.config.vocab_size, is_multilingual=said)


def whisper_words(vocab_size: int, *, is_multilingual: bool | None = None) -> tuple[str, ...]:
    """Return the tokens that ask for English text without timestamps, as the leaderboard does."""
    if is_multilingual is None:
        is_multilingual = vocab_size >= MULTILINGUAL_VOCABULARY
    return ("<|en|>", "<|transcribe|>", "<|notimestamps|>") if is_multilingual else ("<|notimestamps|>",)
