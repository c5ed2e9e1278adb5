"""Checkpoints of random models, small enough to build in a moment."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    GenerationConfig,
    MoonshineConfig,
    MoonshineForConditionalGeneration,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Wav2Vec2FeatureExtractor,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
)

from asr.audio import Samples
from asr.models import load_recogniser
from asr.recogniser import Recogniser
from traces.workload import SAMPLE_RATE_HZ

SPECIALS = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
VOCABULARY = (*SPECIALS.values(), "<|notimestamps|>", *(f"word{i}" for i in range(60)))
WHISPER_WINDOW_S = 2


@pytest.fixture(scope="session")
def whisper_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a Whisper checkpoint with a 2 s window."""
    torch.manual_seed(0)
    config = WhisperConfig(
        vocab_size=len(VOCABULARY),
        num_mel_bins=80,
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_source_positions=50 * WHISPER_WINDOW_S,
        max_target_positions=64,
        decoder_start_token_id=1,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
    )
    model = WhisperForConditionalGeneration(config)
    model.generation_config = GenerationConfig(decoder_start_token_id=1, eos_token_id=2, pad_token_id=2)
    extractor = WhisperFeatureExtractor(feature_size=80, chunk_length=WHISPER_WINDOW_S)
    return _save(model, extractor, tmp_path_factory.mktemp("whisper"))


@pytest.fixture(scope="session")
def moonshine_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a Moonshine checkpoint."""
    torch.manual_seed(0)
    config = MoonshineConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=16,
        intermediate_size=32,
        encoder_num_hidden_layers=1,
        decoder_num_hidden_layers=1,
        encoder_num_attention_heads=2,
        decoder_num_attention_heads=2,
        decoder_start_token_id=1,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
    )
    model = MoonshineForConditionalGeneration(config)
    model.generation_config = GenerationConfig(decoder_start_token_id=1, eos_token_id=2, pad_token_id=2)
    extractor = Wav2Vec2FeatureExtractor(do_normalize=False, return_attention_mask=True)
    return _save(model, extractor, tmp_path_factory.mktemp("moonshine"))


def _save(model: PreTrainedModel, extractor: WhisperFeatureExtractor, folder: Path) -> Path:
    for parameter in model.parameters():
        if parameter.dim() > 1:  # spread far enough that the texts depend on the audio
            torch.nn.init.normal_(parameter, std=0.6)
    model.save_pretrained(folder)
    extractor.save_pretrained(folder)
    ids = {word: i for i, word in enumerate(VOCABULARY)}
    backend = Tokenizer(models.WordLevel(ids, unk_token=SPECIALS["unk_token"]))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, **SPECIALS)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|notimestamps|>"]})
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(params=["whisper", "moonshine"])
def recogniser(request: pytest.FixtureRequest, whisper_folder: Path, moonshine_folder: Path) -> Recogniser:
    """Return the random recogniser of each family in turn."""
    return load_recogniser(whisper_folder if request.param == "whisper" else moonshine_folder)


@pytest.fixture
def whisper_recogniser(whisper_folder: Path) -> Recogniser:
    """Return the random Whisper."""
    return load_recogniser(whisper_folder)


@pytest.fixture
def moonshine_recogniser(moonshine_folder: Path) -> Recogniser:
    """Return the random Moonshine."""
    return load_recogniser(moonshine_folder)


@pytest.fixture(scope="session")
def audios() -> tuple[Samples, ...]:
    """Return noise of twelve lengths between 0.3 and 1.9 s, in no order."""
    rng = np.random.default_rng(0)
    lengths = rng.permutation(np.linspace(0.3, 1.9, 12) * SAMPLE_RATE_HZ).astype(int)
    return tuple(rng.normal(scale=0.1, size=length).astype(np.float32) for length in lengths)
