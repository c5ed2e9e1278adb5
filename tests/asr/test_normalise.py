import pytest

from asr.normalise import normalise, normaliser_name


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Turn ON the light, please!", "turn on the light please"),
        ("Um, it's the colour [noise] of (laughs) twenty five dollars.", "it is the color of $25"),
        ("Mr. Smith can't", "mister smith can not"),
        ("uh hmm", ""),
        ("", ""),
    ],
)
def test_whisper_english_rules(raw: str, expected: str) -> None:
    assert normalise(raw) == expected


def test_normalising_twice_changes_nothing() -> None:
    once = normalise("The 2nd of May, nineteen eighty-four: it'll cost £5.")
    assert normalise(once) == once


def test_the_version_is_the_pinned_one() -> None:
    assert normaliser_name() == "whisper-normalizer 0.1.15 english"
