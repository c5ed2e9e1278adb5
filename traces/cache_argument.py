"""The argument by which a transformers decoder takes its cache of keys and values."""

from functools import cache
from inspect import signature


@cache
def cache_argument() -> str:
    """Return `cache`, or what the same argument was called before transformers 5.24: `past_key_values`.

    Models still take the old name, and warn; attentions are given the new one.
    """
    from transformers.models.whisper.modeling_whisper import WhisperAttention

    return "cache" if "cache" in signature(WhisperAttention.forward).parameters else "past_key_values"
