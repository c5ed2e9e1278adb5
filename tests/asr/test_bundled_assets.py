"""The bundled models and corpus are what the package says they are."""

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from safetensors import safe_open
from transformers import (
    AutoTokenizer,
    MoonshineForConditionalGeneration,
    Wav2Vec2FeatureExtractor,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
)

import asr
from training.grammar import split_of
from training.voices import VOICES

BUNDLED = Path(asr.__file__).parent / "bundled"
MODELS = BUNDLED / "models"
CORPUS = BUNDLED / "corpus"
MB = 1_000_000

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def rows(split: str) -> list[dict[str, str]]:
    with (CORPUS / split / "metadata.csv").open() as stream:
        return list(csv.DictReader(stream))


def size_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", ["whisper-micro", "moonshine-micro"])
def test_weights_are_fp16_within_the_limit_and_described(name: str) -> None:
    assert (MODELS / name / "model.safetensors").stat().st_size <= 6 * MB
    with safe_open(MODELS / name / "model.safetensors", framework="pt") as weights:
        tensors = [weights.get_tensor(key) for key in weights.keys()]  # noqa: SIM118, not a mapping
    assert all(tensor.dtype == torch.float16 and torch.isfinite(tensor).all() for tensor in tensors)
    assert (MODELS / name / "MODEL_CARD.md").is_file()


@pytest.mark.parametrize("name", ["whisper-micro", "moonshine-micro"])
def test_widths_divide_by_the_group_sizes_of_the_recipes(name: str) -> None:
    with safe_open(MODELS / name / "model.safetensors", framework="pt") as weights:
        for key in weights.keys():  # noqa: SIM118, not a mapping
            shape = weights.get_slice(key).get_shape()
            if ".layers." in key and len(shape) == 2:
                assert shape[1] % 32 == 0, key


def test_whisper_writes_for_its_whole_window_offline() -> None:
    folder = MODELS / "whisper-micro"
    model = WhisperForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
    extractor = WhisperFeatureExtractor.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    features = extractor(np.zeros(16_000), sampling_rate=16_000, return_tensors="pt").input_features
    assert features.shape == (1, model.config.num_mel_bins, 2 * model.config.max_source_positions)
    ids = model.generate(features)
    assert tokenizer.decode(ids[0], skip_special_tokens=True) == ""
    assert tokenizer.convert_tokens_to_ids("<|startoftranscript|>") == model.config.decoder_start_token_id
    assert tokenizer.eos_token_id == model.config.eos_token_id
    assert model.model.decoder.embed_tokens.weight is model.proj_out.weight


def test_moonshine_writes_nothing_for_silence_offline() -> None:
    folder = MODELS / "moonshine-micro"
    model = MoonshineForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
    extractor = Wav2Vec2FeatureExtractor.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    inputs = extractor(np.zeros(16_000), sampling_rate=16_000, return_tensors="pt")
    ids = model.generate(**inputs)
    assert tokenizer.decode(ids[0], skip_special_tokens=True) == ""
    assert tokenizer.eos_token_id == model.config.eos_token_id
    assert model.model.decoder.embed_tokens.weight is model.proj_out.weight


def test_corpus_is_large_enough_and_small_enough() -> None:
    spoken = [row for row in rows("test") if row["transcription"]]
    assert len(spoken) >= 200
    assert len(rows("test")) - len(spoken) >= 10
    assert len(rows("calibration")) == 256
    assert size_bytes(CORPUS / "test") <= 8 * MB
    assert size_bytes(CORPUS / "calibration") <= 6 * MB


@pytest.mark.parametrize("split", ["test", "calibration"])
def test_every_clip_is_16_khz_mono_and_fits_the_window(split: str) -> None:
    files = {path.name for path in (CORPUS / split).glob("*.ogg")}
    assert files == {row["file_name"] for row in rows(split)}
    for name in files:
        info = soundfile.info(CORPUS / split / name)
        assert (info.samplerate, info.channels) == (16_000, 1)
        assert 0.3 < info.duration < 8.0


def test_test_sentences_and_voices_were_never_trained_on() -> None:
    spoken = [row for row in rows("test") if row["transcription"]]
    assert {split_of(row["transcription"]) for row in spoken} == {"eval"}
    evaluation = {voice.label for _, group in VOICES["eval"] for voice in group}
    assert {row["voice"] for row in spoken} <= evaluation
    assert len({row["transcription"] for row in spoken}) == len(spoken)


def test_calibration_uses_training_voices_and_sentences() -> None:
    assert {split_of(row["transcription"]) for row in rows("calibration")} == {"train"}
    training = {voice.label for _, group in VOICES["train"] for voice in group}
    assert {row["voice"] for row in rows("calibration")} <= training
