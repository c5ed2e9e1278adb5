import numpy as np
import pytest

from simulator.utterances import Utterance, most_tokens, schedule
from simulator.walk import utterance_counts
from tests.simulator.graphs import decode_step, mlp, workload
from traces.errors import EdgeAsrError
from traces.store import load_workload
from traces.workload import Phase


def test_decode_runs_once_per_token_after_the_first() -> None:
    when = schedule(workload(decode_step(), prompt_tokens=2), Phase.DECODE, utterances=(Utterance(1.0, 4),))
    assert when.points["past_tokens"].tolist() == [2, 3, 4]
    assert when.runs.tolist() == [1.0, 1.0, 1.0]


def test_utterances_share_the_points_they_have_in_common() -> None:
    when = schedule(
        workload(decode_step()),
        Phase.DECODE,
        utterances=(Utterance(1.0, 4), Utterance(2.0, 3), Utterance(1.0, 1)),
    )
    assert when.points["past_tokens"].tolist() == [2, 3, 4]
    assert when.per_utterance(np.array([1.0, 10.0, 100.0])).tolist() == [111.0, 11.0, 0.0]
    assert when.mean_runs().tolist() == [2 / 3, 2 / 3, 1 / 3]


def test_the_mean_utterance_is_the_mean_of_all() -> None:
    utterances = (Utterance(1.0, 4), Utterance(2.0, 3))
    per_point = np.array([[1.0, 10.0, 100.0], [2.0, 20.0, 200.0]])
    both = schedule(workload(decode_step()), Phase.DECODE, utterances=utterances)
    assert both.mean(per_point).tolist() == [61.0, 122.0]
    alone = schedule(workload(decode_step()), Phase.DECODE, utterances=utterances[:1])
    thirds = np.array([1 / 3, 1 / 7, 1 / 11])
    assert alone.mean(thirds) == alone.per_utterance(thirds)[0]


def test_audio_beyond_the_window_is_cut_into_windows() -> None:
    long = schedule(
        workload(mlp(), window_s=30.0), Phase.ENCODE, utterances=(Utterance(61.0, 30), Utterance(30.0, 30))
    )
    assert long.runs.tolist() == [3.0, 1.0]


def test_counts_add_up_over_phases_and_steps() -> None:
    network = workload(mlp(), decode_step())
    one = utterance_counts(network, (Utterance(1.0, 1),))
    four = utterance_counts(network, (Utterance(1.0, 4),))
    encode_macs = 2 * 10 * 32 * 64
    assert one.macs.tolist() == [encode_macs]
    assert four.macs.tolist() == [encode_macs + 8 * ((2 + 1) + (3 + 1) + (4 + 1))]
    assert four.bops.tolist() == [16 * 16 * four.macs[0]]


@pytest.mark.parametrize(("audio_s", "tokens"), [(0.0, 3), (-1.0, 3), (1.0, 0)])
def test_an_impossible_utterance_is_refused(audio_s: float, tokens: int) -> None:
    with pytest.raises(EdgeAsrError, match="cannot be costed"):
        Utterance(audio_s, tokens)


def test_a_batch_runs_every_phase_together_and_a_beam_each_decode_step() -> None:
    network, together = load_workload("whisper-micro"), Utterance(1.0, 3, batch=4, beam=3)
    assert schedule(network, Phase.DECODE, utterances=(together,)).points["batch"].tolist() == [12, 12]
    for phase in (Phase.ENCODE, Phase.CROSS_KV, Phase.PREFILL):
        assert schedule(network, phase, utterances=(together,)).points["batch"].tolist() == [4]


def test_a_batch_has_the_macs_of_its_utterances_and_reads_weights_once() -> None:
    network = load_workload("whisper-micro")
    one, four = (utterance_counts(network, (Utterance(3.0, 4, batch=batch),)) for batch in (1, 4))
    assert four.macs == pytest.approx(4 * one.macs)
    assert four.weight_io_bytes == pytest.approx(one.weight_io_bytes, rel=0.01)
    beam = utterance_counts(network, (Utterance(3.0, 4, beam=4),))
    assert one.macs < beam.macs < four.macs


@pytest.mark.parametrize(("batch", "beam"), [(0, 1), (1, 0)])
def test_an_empty_batch_or_beam_cannot_be_costed(batch: int, beam: int) -> None:
    with pytest.raises(EdgeAsrError, match="give at least 1"):
        Utterance(1.0, 1, batch, beam)


@pytest.mark.parametrize("audio_s", [0.0, -1.0, np.inf, np.nan])
def test_audio_has_a_positive_finite_length(audio_s: float) -> None:
    with pytest.raises(EdgeAsrError, match="give a positive, finite length"):
        Utterance(audio_s, 4)


def test_a_decoder_makes_no_more_tokens_than_it_can() -> None:
    network = load_workload("whisper-micro")
    window_s = network.window_s or 0.0
    assert most_tokens(network, window_s * np.array([0.1, 1.0, 1.5])).tolist() == [62.0, 62.0, 124.0]
    long_s = 1.5 * window_s
    assert utterance_counts(network, (Utterance(long_s, 124),)).macs.shape == (1,)
    message = rf"whisper-micro: 125 tokens of {long_s:g} s .*max_tokens 62 per window.*up to 124"
    with pytest.raises(EdgeAsrError, match=message):
        utterance_counts(network, (Utterance(3.0, 62), Utterance(long_s, 125)))
    without = workload(mlp())
    assert np.isinf(most_tokens(without, np.array([3.0]))).all()
