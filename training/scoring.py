"""Word error rate as the project reports it: Whisper's English normaliser, then jiwer."""

from functools import cache

import jiwer
from whisper_normalizer.english import EnglishTextNormalizer


@cache
def _normalizer() -> EnglishTextNormalizer:
    return EnglishTextNormalizer()


def word_error_rate(references: list[str], hypotheses: list[str]) -> float:
    """Return corpus WER over the utterances whose normalised reference is not empty."""
    pairs = [
        (_normalizer()(ref), _normalizer()(hyp)) for ref, hyp in zip(references, hypotheses, strict=True)
    ]
    pairs = [pair for pair in pairs if pair[0]]
    return float(jiwer.wer([ref for ref, _ in pairs], [hyp for _, hyp in pairs]))


def character_error_rate(references: list[str], hypotheses: list[str]) -> float:
    """Return corpus CER over the utterances whose normalised reference is not empty."""
    pairs = [
        (_normalizer()(ref), _normalizer()(hyp)) for ref, hyp in zip(references, hypotheses, strict=True)
    ]
    pairs = [pair for pair in pairs if pair[0]]
    return float(jiwer.cer([ref for ref, _ in pairs], [hyp for _, hyp in pairs]))


def inserted_words(references: list[str], hypotheses: list[str]) -> int:
    """Return how many words were written for utterances without speech."""
    return sum(
        len(_normalizer()(hyp).split())
        for ref, hyp in zip(references, hypotheses, strict=True)
        if not _normalizer()(ref)
    )
