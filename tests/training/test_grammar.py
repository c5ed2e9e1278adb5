from random import Random

import pytest

from training.grammar import MAX_WORDS, Split, draw_sentence, split_of, transcript
from training.synthesis import spoken_form
from training.voices import VOICES

SPLITS: tuple[Split, ...] = ("train", "dev", "eval")


def sentences(split: Split, *, seed: int) -> list[str]:
    rng = Random(seed)
    return [draw_sentence(rng, split=split) for _ in range(300)]


@pytest.mark.parametrize("split", SPLITS)
def test_same_seed_same_sentences(split: Split) -> None:
    assert sentences(split, seed=3) == sentences(split, seed=3)
    assert sentences(split, seed=3) != sentences(split, seed=4)


def test_a_sentence_belongs_to_one_split() -> None:
    drawn = {split: {transcript(sentence) for sentence in sentences(split, seed=5)} for split in SPLITS}
    assert not drawn["train"] & drawn["eval"]
    assert not drawn["train"] & drawn["dev"]
    assert not drawn["dev"] & drawn["eval"]


def test_sentences_of_one_or_two_words_are_for_training() -> None:
    assert split_of("stop") == split_of("enter nine") == "train"
    assert {split_of(f"enter nine {tens} now") for tens in range(100)} == set(SPLITS)


def test_sentences_are_short_and_only_spelled_letters_are_upper_case() -> None:
    for sentence in sentences("train", seed=6):
        words = sentence.split()
        assert 0 < len(words) <= MAX_WORDS
        assert all(word.islower() or len(word) == 1 for word in words)


def test_letters_are_spoken_by_name_and_articles_are_not() -> None:
    assert spoken_form("enter B two", letter_pause=True) == "enter bee, two"
    assert spoken_form("A B", letter_pause=True) == "ay, bee"
    assert spoken_form("set a timer", letter_pause=False) == "set a timer"


def test_a_voice_belongs_to_one_split() -> None:
    names = {split: {voice.label for _, group in VOICES[split] for voice in group} for split in SPLITS}
    assert not names["train"] & names["eval"]
    assert not names["train"] & names["dev"]
    assert not names["dev"] & names["eval"]


@pytest.mark.parametrize("split", SPLITS)
def test_shares_of_the_voices_add_up(split: Split) -> None:
    assert sum(share for share, _ in VOICES[split]) == pytest.approx(1.0)
