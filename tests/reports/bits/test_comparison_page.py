"""The page of mixed against uniform recipes, from made-up numbers."""

from dataclasses import replace
from pathlib import Path

import pytest

from reports.bits.comparison import Comparison, Heard, Pair, Sized
from reports.bits.comparison_figure import draw_comparisons
from reports.bits.comparison_page import render_comparisons, write_comparisons
from reports.bits.trust import Point, trust_of
from reports.data import Accuracy, Range


def accuracy(wer: float, difference: Range | None) -> Accuracy:
    return Accuracy(Range(wer - 0.01, wer, wer + 0.01), difference, 0.02, 0, 16, 240, 1283, 20.0)


def heard(corpus: str, difference: Range) -> Heard:
    return Heard(corpus, accuracy(0.06, difference), accuracy(0.10, None), 0.05)


BETTER, NOISE, WORSE = Range(-0.06, -0.04, -0.02), Range(-0.02, -0.01, 0.01), Range(0.01, 0.02, 0.03)
PAIR = Pair(
    model="whisper-micro",
    chip="ethos-u85-256",
    uniform="w2a16-g32+gptq",
    mixed="mixed-00000000",
    formats="w3a8-g32 x20, w4a8-g32 x6",
    uniform_used=(1.2e6, 0.070),
    mixed_used=(1.1e6, 0.060),
    mixed_damage=0.02,
    predicted_wer=0.065,
    heard=(heard("bundled", BETTER), heard("audiofolder:$AN4_DIR/test", NOISE)),
)
POINTS = [
    Point("mixed-1", 1e-3, 0.05),
    Point("w8a8", 1e-4, 0.06),
    Point("w3a8", 1e-2, 0.07),
    Point("w2a8", 1.0, 0.3),
]
COMPARISON = Comparison("whisper-micro", (PAIR,), trust_of(POINTS, 0.05))


@pytest.mark.parametrize(
    ("difference", "verdict"),
    [(BETTER, "mixed better"), (NOISE, "within noise"), (WORSE, "uniform better"), (None, "within noise")],
)
def test_a_difference_whose_interval_holds_zero_is_noise(difference: Range | None, verdict: str) -> None:
    assert Heard("bundled", accuracy(0.06, difference), accuracy(0.10, None), 0.05).verdict == verdict


def test_the_page_counts_and_shows_every_comparison() -> None:
    page = render_comparisons([COMPARISON], figure="bits.png", command="python -m something")
    assert "Compared: w2a16-g32+gptq, on ethos-u85-256; no other uniform recipe was." in page
    assert "Of 2 independent measurements (1 rows below" in page
    assert "lower beyond noise in 1, within noise in 1, and higher beyond noise in 0" in page
    assert "6.0 % (5.0 to 7.0)" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert "\N{MINUS SIGN}4.0 (\N{MINUS SIGN}6.0 to \N{MINUS SIGN}2.0)" in page
    assert "AN4/test" in page
    assert "$AN4_DIR" not in page
    assert "`python -m something`" in page


def test_chips_with_the_same_mixture_count_once() -> None:
    twice = replace(COMPARISON, pairs=(PAIR, replace(PAIR, chip="hexagon-htp-v75")))
    page = render_comparisons([twice], figure="bits.png", command="c")
    assert "on ethos-u85-256, hexagon-htp-v75; no other" in page
    assert "Of 2 independent measurements (2 rows below" in page
    assert "lower beyond noise in 1, within noise in 1" in page


def test_the_figure_shows_a_pair_once_and_names_what_was_not_compared() -> None:
    pairs = (PAIR, replace(PAIR, chip="hexagon-htp-v75"))
    others = (Sized("w8a8", 2.5e6, 0.05), Sized("w4a8-g32", 1.5e6, 0.055))
    figure = draw_comparisons([replace(COMPARISON, pairs=pairs, others=others)])
    panel = figure.axes[0]
    assert [text.get_text() for text in panel.texts] == ["w8a8", "w4a8-g32", "w2a16-g32+gptq"]
    assert panel.get_xlim()[0] == 0.0
    assert panel.get_xlim()[1] > 2.5e6 / 2**20


def test_too_few_points_say_so() -> None:
    few = Comparison("whisper-micro", (PAIR,), trust_of(POINTS[:2], 0.05))
    assert "Too few recipes were measured" in render_comparisons([few], figure="x.png", command="c")


def test_the_figure_lies_beside_the_page(tmp_path: Path) -> None:
    write_comparisons([COMPARISON], tmp_path / "bits.md", command="c")
    assert (tmp_path / "bits.png").read_bytes().startswith(b"\x89PNG")
    assert "](bits.png)" in (tmp_path / "bits.md").read_text()
