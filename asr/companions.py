"""What lies beside a checkpoint's weights, checked against its network: feature extractor and token ids."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from transformers import AutoTokenizer, Wav2Vec2FeatureExtractor, WhisperFeatureExtractor

from asr.recogniser import Family
from traces.errors import EdgeAsrError
from traces.faults import REMEDY, one_line
from traces.prompts import prompt_words
from traces.whisper import window_s
from traces.workload import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from transformers import (
        PreTrainedConfig,
        PreTrainedModel,
        PreTrainedTokenizerBase,
        SequenceFeatureExtractor,
    )

EXTRACTORS: dict[Family, type["SequenceFeatureExtractor"]] = {
    "whisper": WhisperFeatureExtractor,
    "moonshine": Wav2Vec2FeatureExtractor,
}

WHISPER_DEFAULTS = {
    "sampling_rate": 16_000,
    "feature_size": 80,
    "hop_length": 160,
    "n_fft": 400,
    "chunk_length": 30,
}
"""What transformers' `WhisperFeatureExtractor` takes where its file says nothing."""


def load_extractor(folder: Path, config: "PreTrainedConfig", *, family: Family) -> "SequenceFeatureExtractor":
    """Return the feature extractor, once its file is known to make what the network reads.

    The file is checked first, because making one takes as much memory as its numbers ask for; then the
    extractor is tried on a sample of silence.

    Raises:
        EdgeAsrError: the file is missing or damaged, or belongs to another network.
    """
    extractor = EXTRACTORS[family]
    with one_line(f"the feature extractor in '{folder}' cannot be read", remedy=REMEDY):
        stated, _ = extractor.get_feature_extractor_dict(folder, local_files_only=True)
        made = stated.get("feature_extractor_type", extractor.__name__)
        if made != extractor.__name__:
            raise EdgeAsrError(
                f"the feature extractor in '{folder}' is a {made}, but {family} needs a "
                f"{extractor.__name__}; take the one that came with the weights"
            )
        needed = {"sampling_rate": SAMPLE_RATE_HZ} if family == "moonshine" else _whisper_needs(config)
        for name, expected in needed.items():
            value = stated.get(name, WHISPER_DEFAULTS[name])
            if type(value) is not int or value != expected:
                raise EdgeAsrError(
                    f"the feature extractor in '{folder}' has {name} {value!r} where the network needs "
                    f"{expected:g}; take the one that came with the weights"
                )
        loaded: SequenceFeatureExtractor = extractor.from_dict(stated)
        # Of entries that are not checked above, a wrong one fails here and not in the middle of a corpus.
        loaded([np.zeros(1, dtype=np.float32)], sampling_rate=SAMPLE_RATE_HZ)
        return loaded


def _whisper_needs(config: "PreTrainedConfig") -> dict[str, float]:
    return WHISPER_DEFAULTS | {"feature_size": config.num_mel_bins, "chunk_length": window_s(config)}


def load_tokenizer(folder: Path) -> "PreTrainedTokenizerBase":
    """Return the tokenizer.

    Raises:
        EdgeAsrError: a file of it is missing or damaged.
    """
    with one_line(f"the tokenizer in '{folder}' cannot be read", remedy=REMEDY):
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        return tokenizer


def prompt_ids(
    model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", *, folder: Path
) -> tuple[int, ...]:
    """Return the decoder's prompt: the start token, and for Whisper what it is asked to do.

    Raises:
        EdgeAsrError: the network or its tokenizer lacks one of these tokens.
    """
    start = model.generation_config.decoder_start_token_id
    ids = [_token(start, "decoder_start_token_id", model=model, folder=folder)]
    for word in prompt_words(model):
        found = tokenizer.convert_tokens_to_ids(word)
        if found is None or found == tokenizer.unk_token_id:
            raise EdgeAsrError(
                f"the tokenizer in '{folder}' has no token '{word}', which prompts the network; "
                "take the one that came with the weights"
            )
        ids.append(_token(found, word, model=model, folder=folder))
    return tuple(ids)


def eos_ids(model: "PreTrainedModel", *, folder: Path) -> tuple[int, ...]:
    """Return the tokens any of which ends a text.

    Raises:
        EdgeAsrError: there is none, or one is outside the vocabulary.
    """
    stated = model.generation_config.eos_token_id
    several = stated if isinstance(stated, list) and stated else [stated]
    return tuple(_token(token, "eos_token_id", model=model, folder=folder) for token in several)


def _token(value: object, name: str, *, model: "PreTrainedModel", folder: Path) -> int:
    vocab_size = model.config.vocab_size
    if type(value) is not int or not 0 <= value < vocab_size:
        raise EdgeAsrError(
            f"{name} of the model in '{folder}' is {value!r}; it must be a token of the vocabulary, "
            f"0 to {vocab_size - 1}"
        )
    return value
