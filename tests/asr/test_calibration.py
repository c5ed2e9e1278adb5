import pytest
import torch

from asr.audio import Samples
from asr.calibration import calibration_data, encoder_positions
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


def test_what_was_calibrated_on_can_be_held_out(recogniser: Recogniser, corpus: Corpus) -> None:
    everything = calibration_data(recogniser, corpus)
    rest = calibration_data(recogniser, corpus, start=7, limit=3)
    assert rest.n_utterances == 3
    for batch, other in zip(rest.batches, everything.batches[7:], strict=False):
        assert torch.equal(batch.decoder_ids, other.decoder_ids)
    with pytest.raises(EdgeAsrError, match="'noise' has no utterance to calibrate on behind its first 12"):
        calibration_data(recogniser, corpus, start=12)


def test_drawing_ends_once_the_decoder_has_enough_tokens(recogniser: Recogniser, corpus: Corpus) -> None:
    everything = calibration_data(recogniser, corpus, batch_size=3)
    wanted = sum(batch.decoder_ids.numel() for batch in everything.batches[:4])
    told: list[tuple[int, int]] = []
    drawn = calibration_data(
        recogniser, corpus, tokens=wanted, batch_size=3, progress=lambda *step: told.append(step)
    )
    assert drawn.n_utterances == 6  # whole decoding batches of 3
    assert told[-1] == (wanted, wanted)
    for batch, other in zip(drawn.batches, everything.batches, strict=False):
        assert torch.equal(batch.decoder_ids, other.decoder_ids)
    assert calibration_data(recogniser, corpus, tokens=10**6, batch_size=3).n_utterances == 12


@pytest.mark.parametrize(
    ("n_samples", "positions"), [(1, 1), (320, 1), (321, 2), (16_000, 50), (32_000, 100), (40_000, 100)]
)
def test_positions_that_carry_audio(whisper_recogniser: Recogniser, n_samples: int, positions: int) -> None:
    """A position of the 2 s window is 20 ms: a hop of 160 samples times a stride of 2."""
    assert encoder_positions(whisper_recogniser, n_samples) == positions


def test_moonshine_pads_nothing(moonshine_recogniser: Recogniser, corpus: Corpus) -> None:
    assert {batch.valid for batch in calibration_data(moonshine_recogniser, corpus, limit=3).batches} == {
        None
    }


def test_padding_is_marked(whisper_recogniser: Recogniser, corpus: Corpus) -> None:
    audios = [utterance.audio for utterance in corpus]
    data = calibration_data(whisper_recogniser, corpus)
    assert [batch.valid for batch in data.batches] == [-(-audio.size // 320) for audio in audios]


def test_an_empty_corpus_is_an_error(whisper_recogniser: Recogniser) -> None:
    with pytest.raises(EdgeAsrError, match="corpus is empty: 'noise'"):
        calibration_data(whisper_recogniser, Corpus(IDENTITY, n_utterances=0, read=lambda: iter(())))
