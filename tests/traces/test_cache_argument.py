from inspect import signature

import pytest
from torch import nn
from transformers.models.moonshine.modeling_moonshine import (
    MoonshineAttention,
    MoonshineDecoder,
    MoonshineForConditionalGeneration,
)
from transformers.models.whisper.modeling_whisper import (
    WhisperAttention,
    WhisperDecoder,
    WhisperForConditionalGeneration,
)

from traces.cache_argument import cache_argument

TAKE_A_CACHE = (
    WhisperAttention,
    WhisperDecoder,
    WhisperForConditionalGeneration,
    MoonshineAttention,
    MoonshineDecoder,
    MoonshineForConditionalGeneration,
)


@pytest.mark.parametrize("kind", TAKE_A_CACHE)
def test_every_decoder_takes_its_cache_by_this_name(kind: type[nn.Module]) -> None:
    assert cache_argument() in signature(kind.forward).parameters
