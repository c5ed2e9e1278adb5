import pytest
import torch

from asr.audio import Samples
from asr.calibration import calibration_data
from asr.corpus import Corpus, CorpusIdentity, Utterance
from asr.recogniser import Recogniser
from traces.errors import EdgeAsrError

IDENTITY = CorpusIdentity(name="noise", source="test", config="", split="test", revision="1")


@pytest.fixture
def corpus(audios: tuple[Samples, ...]) -> Corpus:
    """Return twelve clips of noise."""
    utterances = [Utterance(f"clip{i}", audio, "red lamp") for i, audio in enumerate(audios)]
    return Corpus(IDENTITY, n_utterances=len(utterances), read=lambda: iter(utterances))


def test_teacher_forcing_repeats_what_the_model_wrote(recogniser: Recogniser, corpus: Corpus) -> None:
    """Fed its own tokens at once, the model chooses each of them again."""
    data = calibration_data(recogniser, corpus)
    assert data.n_utterances == 12
    n_prompt = len(recogniser.prompt_ids)
    for batch in data.batches:
        assert batch.decoder_ids[0, :n_prompt].tolist() == list(recogniser.prompt_ids)
        with torch.inference_mode():
            logits = recogniser.model(batch.inputs, decoder_input_ids=batch.decoder_ids).logits
        chosen = logits[0, n_prompt - 1 : -1].argmax(dim=-1)
        assert chosen.tolist() == batch.decoder_ids[0, n_prompt:].tolist()


def test_limit_takes_the_first(recogniser: Recogniser, corpus: Corpus) -> None:
    first, all_of_them = calibration_data(recogniser, corpus, limit=2), calibration_data(recogniser, corpus)
    assert first.n_utterances == 2
    for batch, other in zip(first.batches, all_of_them.batches, strict=False):
        assert torch.equal(batch.inputs, other.inputs)
        assert torch.equal(batch.decoder_ids, other.decoder_ids)


def test_an_empty_corpus_is_an_error(whisper_recogniser: Recogniser) -> None:
    with pytest.raises(EdgeAsrError, match="corpus is empty: 'noise'"):
        calibration_data(whisper_recogniser, Corpus(IDENTITY, n_utterances=0, read=lambda: iter(())))
