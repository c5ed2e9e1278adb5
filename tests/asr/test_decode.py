from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from transformers import GenerationConfig, GenerationMixin
from transformers.modeling_outputs import BaseModelOutput, Seq2SeqLMOutput

from asr.audio import Samples
from asr.decode import greedy_search, transcribe
from asr.encode import encode, model_inputs
from asr.recogniser import Recogniser, TokenCap
from tests.asr.recorder import Recorder


def test_the_batch_does_not_change_the_texts(recogniser: Recogniser, audios: tuple[Samples, ...]) -> None:
    alone = transcribe(recogniser, audios, batch_size=1)
    assert transcribe(recogniser, audios, batch_size=5) == alone
    assert len({transcript.text for transcript in alone}) > 6  # the texts do depend on the audio


def test_results_come_in_the_order_given(recogniser: Recogniser, audios: tuple[Samples, ...]) -> None:
    backwards = transcribe(recogniser, audios[::-1])
    assert backwards[::-1] == transcribe(recogniser, audios)
    assert [transcript.audio_s for transcript in backwards] == [audio.size / 16_000 for audio in audios[::-1]]


def test_tokens_are_those_of_transformers_generate(
    recogniser: Recogniser, audios: tuple[Samples, ...]
) -> None:
    """Against the library's own greedy search, one utterance at a time, from the raw inputs."""
    for audio in audios:
        expected = GenerationMixin.generate(
            recogniser.model,
            model_inputs(recogniser, [audio]),
            decoder_input_ids=torch.tensor([recogniser.prompt_ids]),
            generation_config=GenerationConfig(
                max_new_tokens=12, eos_token_id=list(recogniser.eos_ids), pad_token_id=recogniser.eos_ids[0]
            ),
        )
        found = greedy_search(recogniser, encode(recogniser, [audio]), limits=[12])
        assert found[0] == tuple(expected[0, len(recogniser.prompt_ids) :].tolist())


def test_each_utterance_has_its_own_cap(recogniser: Recogniser, audios: tuple[Samples, ...]) -> None:
    capped = replace(recogniser, token_cap=TokenCap(tokens_per_s=4.0, extra_tokens=1))
    for transcript in transcribe(capped, audios):
        limit = int(transcript.audio_s * 4.0) + 1
        assert 1 <= transcript.tokens <= limit
        assert transcript.capped == (transcript.token_ids[-1] not in recogniser.eos_ids)
        assert transcript.tokens == len(transcript.token_ids)
        if transcript.capped:
            assert transcript.tokens == limit


class _Scripted(nn.Module):
    """Stands for a model: `word5` in every row, then `eos_ids[i]`, row i in its step `ends[i]`."""

    def __init__(self, ends: tuple[int, ...], eos_ids: tuple[int, ...]) -> None:
        super().__init__()
        self.ends, self.eos_ids, self.steps = torch.tensor(ends), torch.tensor(eos_ids), 0

    def forward(self, decoder_input_ids: Tensor, **_: object) -> Seq2SeqLMOutput:
        self.steps += 1
        tokens = torch.where(self.ends == self.steps, self.eos_ids, 9)
        n_fed = decoder_input_ids.shape[1]
        return Seq2SeqLMOutput(logits=nn.functional.one_hot(tokens, 64)[:, None].expand(-1, n_fed, -1))


def test_sequences_end_with_end_of_text_or_at_their_limit(whisper_recogniser: Recogniser) -> None:
    model = _Scripted((2, 9, 4), whisper_recogniser.eos_ids * 3)
    states = BaseModelOutput(last_hidden_state=torch.zeros(3, 1, 16))
    scripted = replace(whisper_recogniser, model=model)
    assert greedy_search(scripted, states, limits=[6, 3, 6]) == ((9, 2), (9, 9, 9), (9, 9, 9, 2))
    assert model.steps == 4  # no step after the last row ended


def test_any_of_several_tokens_ends_a_text(whisper_recogniser: Recogniser) -> None:
    model = _Scripted((2, 3, 4), (2, 7, 5))
    states = BaseModelOutput(last_hidden_state=torch.zeros(3, 1, 16))
    scripted = replace(whisper_recogniser, model=model, eos_ids=(2, 7))
    found = greedy_search(scripted, states, limits=[6, 6, 6])
    assert found == ((9, 2), (9, 9, 7), (9, 9, 9, 5, 9, 9))  # 5 ends nothing


def test_several_ends_are_those_of_transformers_generate(
    recogniser: Recogniser, audios: tuple[Samples, ...]
) -> None:
    """With the second token of each text as one more end, each stops there, in a batch as alone."""
    before = transcribe(recogniser, audios[:4])
    ends = (*recogniser.eos_ids, *{transcript.token_ids[1] for transcript in before})
    several = replace(recogniser, eos_ids=ends)
    found = transcribe(several, audios[:4])
    assert any(len(transcript.token_ids) > 2 for transcript in before)
    for transcript, whole, audio in zip(found, before, audios[:4], strict=True):
        assert transcript.token_ids[-1] in ends
        assert not transcript.capped
        assert transcript.token_ids == whole.token_ids[: transcript.tokens]
        expected = GenerationMixin.generate(
            recogniser.model,
            model_inputs(recogniser, [audio]),
            decoder_input_ids=torch.tensor([recogniser.prompt_ids]),
            generation_config=GenerationConfig(
                max_new_tokens=12, eos_token_id=list(ends), pad_token_id=ends[0]
            ),
        )
        assert transcript.token_ids == tuple(expected[0, len(recogniser.prompt_ids) :].tolist())


def test_audio_beyond_the_window_is_cut_and_joined(whisper_recogniser: Recogniser) -> None:
    noise = np.random.default_rng(1).normal(scale=0.1, size=5 * 16_000).astype(np.float32)
    (transcript,) = transcribe(whisper_recogniser, [noise])
    assert transcript.n_windows >= 3  # of 2 s each
    assert transcript.audio_s == 5.0
    assert transcript.text == " ".join(transcript.text.split())


def test_whisper_stays_within_its_positions(whisper_recogniser: Recogniser) -> None:
    loose = replace(whisper_recogniser, token_cap=TokenCap(tokens_per_s=1_000.0, extra_tokens=0))
    (transcript,) = transcribe(loose, [np.ones(16_000, dtype=np.float32)])
    assert transcript.tokens <= 64 - len(loose.prompt_ids)


def test_moonshine_padding_leaves_no_trace(moonshine_recogniser: Recogniser) -> None:
    """Padding the samples would change the states, by the first normalisation; padding states does not."""
    rng = np.random.default_rng(2)
    short, long = (rng.normal(scale=0.1, size=n).astype(np.float32) for n in (8_000, 24_000))
    with torch.inference_mode():
        batch = encode(moonshine_recogniser, [short, long])
        alone = encode(moonshine_recogniser, [short]).last_hidden_state[0]
        padded = encode(moonshine_recogniser, [np.pad(short, (0, 16_000))]).last_hidden_state[0]
    torch.testing.assert_close(batch.last_hidden_state[0, : len(alone)], alone, rtol=0, atol=0)
    assert batch.attention_mask.sum(dim=1).tolist() == [len(alone), batch.last_hidden_state.shape[1]]
    assert not torch.allclose(padded[: len(alone)], alone, atol=1e-2)


def test_a_clip_shorter_than_a_frame_is_transcribed(recogniser: Recogniser) -> None:
    (transcript,) = transcribe(recogniser, [np.zeros(10, dtype=np.float32)])
    assert transcript.tokens >= 1


class _Wrapped(nn.Module):
    """Stands for a quantized linear layer: same function, no `weight`."""

    def __init__(self, inner: nn.Linear) -> None:
        super().__init__()
        self.register_buffer("codes", inner.weight.detach().clone())
        self.bias = inner.bias

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.linear(x, self.get_buffer("codes"), self.bias)


def test_replaced_linear_layers_decode_alike(recogniser: Recogniser, audios: tuple[Samples, ...]) -> None:
    before = transcribe(recogniser, audios[:4])
    for name, module in list(recogniser.model.named_modules()):
        if isinstance(module, nn.Linear):
            parent, _, child = name.rpartition(".")
            setattr(recogniser.model.get_submodule(parent), child, _Wrapped(module))
    assert transcribe(recogniser, audios[:4]) == before


def test_progress_counts_whole_utterances(recogniser: Recogniser, audios: tuple[Samples, ...]) -> None:
    seen = Recorder()
    transcribe(recogniser, audios, batch_size=5, progress=seen)
    assert seen.calls == [(5, 12), (10, 12), (12, 12)]


def test_nothing_in_nothing_out(recogniser: Recogniser) -> None:
    assert transcribe(recogniser, ()) == ()
