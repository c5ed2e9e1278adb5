import numpy as np
import pytest
import torch

from asr.audio import Samples
from asr.calibration import calibration_data, encoder_positions
from asr.corpus import Corpus, CorpusIdentity, Utterance
from asr.encode import model_inputs
from asr.models import load_recogniser
from asr.recogniser import Recogniser
from quant.damage import divergence_of, reference_of
from quant.layers import working_copy
from quant.quantize import quantize
from quant.recipe import load_recipe
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


def test_windows_of_one_utterance_count_once(whisper_recogniser: Recogniser) -> None:
    """What is drawn behind the utterances seen is the next one, however many windows those took."""
    rng = np.random.default_rng(3)
    audios = [rng.normal(scale=0.1, size=int(16_000 * s)).astype(np.float32) for s in (0.5, 5.0, 0.7, 0.9)]
    utterances = [Utterance(f"clip{i}", audio, "") for i, audio in enumerate(audios)]
    corpus = Corpus(IDENTITY, n_utterances=len(utterances), read=lambda: iter(utterances))
    seen = calibration_data(whisper_recogniser, corpus, limit=2)
    assert len(seen.batches) >= 4  # 5 s of 2 s windows
    assert [batch.continues for batch in seen.batches[:3]] == [False, False, True]
    assert seen.n_utterances == 2
    behind = calibration_data(whisper_recogniser, corpus, start=seen.n_utterances)
    assert [batch.valid for batch in behind.batches] == [35, 45]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("family", ["whisper", "moonshine"])
def test_a_recogniser_of_short_floats_is_quantized_with_data(
    family: str, dtype: str, request: pytest.FixtureRequest, corpus: Corpus
) -> None:
    """It comes out as its weights in float32 would, on the same data."""
    recogniser = load_recogniser(request.getfixturevalue(f"{family}_folder"), dtype=dtype)
    data = calibration_data(recogniser, corpus)
    assert {batch.inputs.dtype for batch in data.batches} == {torch.float32}
    assert torch.equal(
        data.batches[0].inputs.to(recogniser.model.dtype),
        model_inputs(recogniser, [next(iter(corpus)).audio]),
    )
    recipe = load_recipe("w8a8-static")
    found = quantize(recogniser.model, recipe, calibration=data).model
    expected = quantize(working_copy(recogniser.model), recipe, calibration=data).model
    state, expected_state = found.state_dict(), expected.state_dict()
    assert state.keys() == expected_state.keys()
    assert all(torch.equal(state[name], expected_state[name]) for name in state)
    rounding = divergence_of(working_copy(recogniser.model), reference_of(recogniser.model, data))
    assert 0 < rounding < 0.01  # nats per token: the same network but for the rounding of its floats
    assert recogniser.dtype == dtype


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
