"""Text normalisation before scoring: Whisper's English normaliser, as on the Open ASR Leaderboard."""

from functools import cache
from importlib.metadata import version
from typing import Protocol


class Normaliser(Protocol):
    """Maps raw text to the form that is compared."""

    def __call__(self, text: str, /) -> str:
        """Return the normalised text."""


def normalise(text: str) -> str:
    """Return text in lower case, without punctuation, fillers (uh, um, hmm) and bracketed remarks.

    Contractions are spelled out, numbers become digits, and spellings American (Radford et al. 2022,
    "Robust Speech Recognition via Large-Scale Weak Supervision", appendix C).
    """
    return _english()(text).strip()


def normaliser_name() -> str:
    """Return name and version of the normaliser, as recorded with every result."""
    return f"whisper-normalizer {version('whisper-normalizer')} english"


@cache
def _english() -> Normaliser:
    from whisper_normalizer.english import EnglishTextNormalizer

    normaliser: Normaliser = EnglishTextNormalizer()
    return normaliser
