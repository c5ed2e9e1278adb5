from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asr.bootstrap import ConfidenceInterval
from asr.results import UtteranceResult
from asr.score import compare, count_errors, score
from traces.errors import EdgeAsrError

WORDS = ("red", "green", "blue", "lamp", "stop")


def rows(pairs: Sequence[tuple[str, str]]) -> list[UtteranceResult]:
    return [
        UtteranceResult(f"clip{i}", reference, hypothesis, 2.0, 5, 1, capped=False, inference_s=0.5)
        for i, (reference, hypothesis) in enumerate(pairs)
    ]


PAIRS = (
    ("Turn on the lamp.", "turn on the lamp"),  # 4 words, right
    ("red green blue", "red lamp blue stop"),  # 1 substitution, 1 insertion
    ("stop the fan", "stop fan"),  # 1 deletion
    ("", ""),  # silence, heard as such
    ("", "the the"),  # 2 words in silence
    ("uh", "lamp"),  # nothing left after normalisation: silence too
)


def test_counts_by_hand() -> None:
    counts = count_errors(rows(PAIRS))
    np.testing.assert_array_equal(counts.words, [4, 3, 3, 0, 0, 0])
    np.testing.assert_array_equal(counts.hits, [4, 2, 2, 0, 0, 0])
    np.testing.assert_array_equal(counts.substitutions, [0, 1, 0, 0, 0, 0])
    np.testing.assert_array_equal(counts.deletions, [0, 0, 1, 0, 0, 0])
    np.testing.assert_array_equal(counts.insertions, [0, 1, 0, 0, 2, 1])


def test_of_no_utterance_there_are_no_counts() -> None:
    counts = count_errors([])
    assert counts.words.shape == counts.character_errors.shape == counts.characters.shape == (0,)


def test_scores_by_hand() -> None:
    scores = score(rows(PAIRS))
    assert scores.wer == 3 / 10
    assert (scores.substitutions, scores.deletions, scores.insertions) == (1, 1, 1)
    assert (scores.n_utterances, scores.n_words) == (3, 10)
    assert (scores.n_silent, scores.silence_insertions) == (3, 3)
    assert scores.tokens == 30
    assert scores.rtfx == 4.0


def test_character_errors_by_hand() -> None:
    """`fan` for `van` is 1 of 12 characters, the space included."""
    assert score(rows([("stop the van", "stop the fan")])).cer == 1 / 12


def test_all_right_is_zero_with_no_width() -> None:
    scores = score(rows([("stop", "Stop!"), ("red lamp", "red lamp")]))
    assert (scores.wer, scores.cer, scores.wer_interval) == (0.0, 0.0, ConfidenceInterval(0.0, 0.0))


def test_an_empty_hypothesis_is_all_deletions() -> None:
    scores = score(rows([("red lamp", "")]))
    assert (scores.wer, scores.deletions) == (1.0, 2)


@pytest.mark.parametrize("pairs", [[("", "lamp"), ("uh", "")], []])
def test_no_words_at_all_is_an_error(pairs: list[tuple[str, str]]) -> None:
    silent = rows(pairs)
    for measure in (lambda: score(silent), lambda: compare(silent, silent)):
        with pytest.raises(EdgeAsrError, match=f"none of the {len(pairs)} references holds a word"):
            measure()


def test_difference_by_hand() -> None:
    baseline = rows([("red lamp", "red lamp")] * 10)
    worse = rows([("red lamp", "red fan")] * 10)
    found = compare(worse, baseline)
    assert (found.difference, found.interval, found.n_utterances) == (0.5, ConfidenceInterval(0.5, 0.5), 10)


def test_one_lucky_utterance_may_be_chance() -> None:
    right = [("red lamp", "red lamp")] * 19
    found = compare(rows([*right, ("stop", "lamp")]), rows([*right, ("stop", "stop")]))
    assert found.difference == 1 / 39
    assert found.interval.low == 0.0


def test_pairing_is_narrower_than_two_intervals() -> None:
    """Both err on the same hard half, so their difference is known better than either rate."""
    hard = [("red lamp", "fan"), ("red lamp", "red lamp")] * 20
    float_rows, quantized_rows = rows(hard), rows([*hard[:-1], ("red lamp", "red fan")])
    paired = compare(quantized_rows, float_rows).interval
    alone = score(float_rows).wer_interval
    assert paired.high - paired.low < 0.5 * (alone.high - alone.low)


def test_different_utterances_cannot_be_compared() -> None:
    with pytest.raises(EdgeAsrError, match="results of 1 and of 2 utterances"):
        compare(rows([("a", "a")]), rows([("a", "a"), ("b", "b")]))
    with pytest.raises(EdgeAsrError, match="'clip0' stands against 'clip0'"):
        compare(rows([("red", "red")]), rows([("blue", "blue")]))


texts = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)


@settings(max_examples=40)
@given(
    pairs=st.lists(st.tuples(st.lists(st.sampled_from(WORDS), min_size=1).map(" ".join), texts), min_size=1)
)
def test_counts_add_up(pairs: list[tuple[str, str]]) -> None:
    results = rows(pairs)
    counts, scores = count_errors(results), score(results, n_resamples=50)
    np.testing.assert_array_equal(counts.words, [len(reference.split()) for reference, _ in pairs])
    heard = counts.hits + counts.substitutions + counts.insertions
    np.testing.assert_array_equal(heard, [len(hypothesis.split()) for _, hypothesis in pairs])
    assert scores.wer_interval.low <= scores.wer_interval.high
    assert compare(results, results, n_resamples=50).difference == 0.0
