import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import asr
from training.evaluate import load_trainee
from training.objective import compute_losses
from training.scoring import inserted_words, word_error_rate
from training.trainees import MoonshineTrainee, WhisperTrainee

MODELS = Path(asr.__file__).parent / "bundled" / "models"


@pytest.fixture(scope="module", params=["whisper-micro", "moonshine-micro"])
def trainee(request: pytest.FixtureRequest) -> WhisperTrainee | MoonshineTrainee:
    return load_trainee(MODELS / request.param)


def test_losses_of_a_network_that_knows_nothing_are_those_of_guessing(
    trainee: WhisperTrainee | MoonshineTrainee,
) -> None:
    audio = [np.zeros(16_000, dtype=np.float32), np.zeros(12_000, dtype=np.float32)]
    width, n_tokens = trainee.model.get_input_embeddings().weight.T.shape
    blind = load_trainee(Path(str(trainee.model.name_or_path)))
    nn.init.zeros_(blind.model.get_input_embeddings().weight)
    ctc_head = nn.Linear(width, n_tokens + 1)
    nn.init.zeros_(ctc_head.weight)
    nn.init.zeros_(ctc_head.bias)
    with torch.no_grad():
        encoded = blind.encode(audio, full_window=False, rng=None)
        losses = compute_losses(blind, ctc_head, encoded, texts=["yes", ""])
    assert losses.decoder.item() == pytest.approx(math.log(n_tokens), rel=1e-5)
    assert losses.ctc.item() > 0
    assert losses.total(ctc_weight=0.25) == 0.25 * losses.ctc + 0.75 * losses.decoder


def test_only_whisper_fills_its_window(trainee: WhisperTrainee | MoonshineTrainee) -> None:
    audio = [np.zeros(24_000, dtype=np.float32)]
    with torch.no_grad():
        short = trainee.encode(audio, full_window=False, rng=None).hidden.shape[1]
        full = trainee.encode(audio, full_window=True, rng=None).hidden.shape[1]
    assert (short, full) == ((100, 400) if isinstance(trainee, WhisperTrainee) else (61, 61))


def test_tokens_spell_the_transcript(trainee: WhisperTrainee | MoonshineTrainee) -> None:
    text = "enter b two and set a timer for ten minutes"
    assert trainee.tokenizer.decode(trainee.token_ids(text)).strip() == text
    assert trainee.token_ids("") == []


def test_scoring_skips_silence_and_counts_what_is_written_there() -> None:
    assert word_error_rate(["turn it on", ""], ["turn it off", "yes"]) == pytest.approx(1 / 3)
    assert inserted_words(["turn it on", ""], ["turn it off", "yes no"]) == 2
