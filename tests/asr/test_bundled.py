"""The bundled models on the bundled corpus, through the same doors as any other."""

import os

import pytest

from asr.calibration import calibration_data
from asr.corpora import load_corpus
from asr.decode import transcribe
from asr.evaluate import evaluate
from asr.models import load_recogniser
from asr.recogniser import Recogniser


@pytest.fixture(scope="module", params=["whisper-micro", "moonshine-micro"])
def bundled(request: pytest.FixtureRequest) -> Recogniser:
    """Return each bundled recogniser in turn."""
    return load_recogniser(request.param)


def test_the_batch_does_not_change_the_texts(bundled: Recogniser) -> None:
    audios = [utterance.audio for utterance in load_corpus("bundled", limit=12)]
    alone = transcribe(bundled, audios, batch_size=1)
    assert transcribe(bundled, audios, batch_size=5) == alone


def test_results_name_model_and_corpus(bundled: Recogniser) -> None:
    evaluation = evaluate(bundled, load_corpus("bundled"), limit=4)
    assert evaluation.conditions.recogniser in ("whisper-micro", "moonshine-micro")
    identity = evaluation.conditions.corpus
    assert (identity.name, identity.source, identity.split, identity.limit) == (
        "bundled",
        "edgeasr",
        "test",
        4,
    )
    assert identity.revision.startswith("sha256:")


def test_the_corpus_has_speech_and_silence() -> None:
    corpus = load_corpus("bundled")
    references = [utterance.reference for utterance in corpus]
    assert len(references) == corpus.n_utterances
    assert sum(bool(reference) for reference in references) >= 200
    assert sum(not reference for reference in references) >= 10


def test_the_calibration_split_is_another(bundled: Recogniser) -> None:
    calibration = load_corpus("bundled:calibration")
    assert calibration.identity.revision != load_corpus("bundled").identity.revision
    data = calibration_data(bundled, calibration, limit=3)
    assert data.n_utterances == 3
    assert data.n_tokens > 3 * len(bundled.prompt_ids)


def test_float_recognition_is_as_good_as_the_model_cards_say(bundled: Recogniser) -> None:
    scores = evaluate(bundled, load_corpus("bundled")).scores
    assert scores.wer <= 0.05
    assert scores.silence_insertions == 0


@pytest.mark.skipif("EDGEASR_AN4" not in os.environ, reason="AN4 is not part of the project")
def test_real_speech_is_recognised(bundled: Recogniser) -> None:
    corpus = load_corpus(f"audiofolder:{os.environ['EDGEASR_AN4']}/test")
    assert evaluate(bundled, corpus).scores.wer <= 0.15
