"""Text normalisation before scoring: Whisper's English normaliser, as on the Open ASR Leaderboard."""

from collections.abc import Callable
from functools import cache, lru_cache
from importlib.metadata import version


@lru_cache(maxsize=1 << 16)  # a study normalises the same references once per cell
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
def _english() -> Callable[[str], str]:
    from whisper_normalizer.english import EnglishTextNormalizer

    normaliser: Callable[[str], str] = EnglishTextNormalizer()
    return normaliser
