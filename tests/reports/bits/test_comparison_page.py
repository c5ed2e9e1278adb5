"""The page of mixed against uniform recipes, from made-up numbers."""

from dataclasses import replace
from pathlib import Path

import pytest

from reports.bits.comparison import Comparison, Heard, Pair, Verdict
from reports.bits.comparison_figure import distinct, draw_comparisons
from reports.bits.comparison_page import render_comparisons, write_comparisons
from reports.bits.trust import Point, trust_of
from reports.data import Accuracy, Range
from reports.palette import GREEN, MUTED


def accuracy(wer: float, difference: Range | None) -> Accuracy:
    return Accuracy(Range(wer - 0.01, wer, wer + 0.01), difference, 0.02, 0, 16, 240, 1283, 20.0)


def heard(corpus: str, difference: Range | None) -> Heard:
    return Heard(corpus, accuracy(0.06, difference), accuracy(0.10, None))


BETTER, LOWER = Range(-0.06, -0.04, -0.02), Range(-0.02, -0.01, 0.01)
NOT_LOWER, WORSE = Range(-0.01, 0.0, 0.01), Range(0.01, 0.02, 0.03)
PAIR = Pair(
    model="whisper-micro",
    chip="ethos-u85-256",
    uniform="w2a16-g32",
    method="gptq",
    mixed="mixed-00000000",
    formats="w3a8-g32 x20, w4a8-g32 x6",
    uniform_used=(1.2e6, 0.070),
    mixed_used=(1.1e6, 0.060),
    mixed_damage=0.02,
    predicted_wer=0.065,
    heard=(heard("bundled", BETTER), heard("audiofolder:$AN4_DIR/test", LOWER)),
)
BY_RTN = replace(
    PAIR, method="rtn", heard=(heard("bundled", WORSE), heard("audiofolder:$AN4_DIR/test", BETTER))
)
LARGER = replace(PAIR, uniform="w8a8", uniform_used=(2.5e6, 0.07), mixed="mixed-11111111")
POINTS = [
    Point("mixed-1", 1e-3, 0.05),
    Point("w8a8", 1e-4, 0.06),
    Point("w3a8", 1e-2, 0.07),
    Point("w2a8", 1.0, 0.3),
]
COMPARISON = Comparison("whisper-micro", (PAIR, BY_RTN), trust_of(POINTS, 0.05))


def cells(page: str, start: str) -> list[list[str]]:
    """Return the cells of a page's table rows that start so."""
    page = page.replace("\N{NO-BREAK SPACE}", " ")
    return [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in page.splitlines()
        if line.startswith(f"| {start}")
    ]


@pytest.mark.parametrize(
    ("difference", "verdict"),
    [
        (BETTER, Verdict.BETTER),
        (LOWER, Verdict.LOWER),
        (NOT_LOWER, Verdict.NOT_LOWER),
        (WORSE, Verdict.WORSE),
        (None, Verdict.NOT_LOWER),
    ],
)
def test_a_difference_whose_interval_holds_zero_is_noise(difference: Range | None, verdict: Verdict) -> None:
    assert heard("bundled", difference).verdict is verdict


def test_the_page_counts_by_method_and_corpus() -> None:
    page = render_comparisons([COMPARISON], figure="bits.png", command="python -m something")
    assert cells(page, "whisper-micro") == [
        ["whisper-micro", "gptq", "bundled", "1", "0", "0", "0"],
        ["whisper-micro", "gptq", "AN4/test", "0", "1", "0", "0"],
        ["whisper-micro", "rtn", "bundled", "0", "0", "0", "1"],
        ["whisper-micro", "rtn", "AN4/test", "1", "0", "0", "0"],
    ]
    assert "Compared: w2a16-g32, each by gptq, rtn; no other uniform recipe was." in page
    assert "$AN4_DIR" not in page
    assert "`python -m something`" in page


def test_only_what_is_better_on_every_corpus_is_said_to_be_beaten() -> None:
    page = render_comparisons([COMPARISON], figure="bits.png", command="c")
    assert "better than none of them; of the other 2 comparisons none" in page
    beaten = replace(PAIR, method="hqq", heard=(heard("bundled", BETTER), heard("AN4/test", BETTER)))
    page = render_comparisons(
        [replace(COMPARISON, pairs=(PAIR, BY_RTN, beaten))], figure="bits.png", command="c"
    )
    assert "better than w2a16-g32+hqq (ethos-u85-256); of the other 2 comparisons none" in page


def test_the_page_shows_every_comparison() -> None:
    page = render_comparisons([COMPARISON], figure="bits.png", command="c")
    costs, *rates = cells(page, "ethos-u85-256")
    assert costs[1:3] == ["w2a16-g32", "1.14 MiB"]  # once for both methods
    assert [row[1:3] for row in rates] == [
        ["w2a16-g32+gptq", "bundled"],
        ["w2a16-g32+gptq", "AN4/test"],
        ["w2a16-g32+rtn", "bundled"],
        ["w2a16-g32+rtn", "AN4/test"],
    ]
    assert rates[0][3:] == [
        "10.0 % (9.0 to 11.0)",
        "mixed-00000000",
        "6.0 % (5.0 to 7.0)",
        "6.5 %",
        "\N{MINUS SIGN}4.0 (\N{MINUS SIGN}6.0 to \N{MINUS SIGN}2.0)",
        "lower, beyond noise",
    ]


def test_chips_with_the_same_mixture_count_once() -> None:
    again = replace(PAIR, chip="nucleo-h7a3zi")
    other = replace(again, mixed="mixed-22222222")
    assert [(pair.chip, chips) for pair, chips in distinct([PAIR, again])] == [
        ("ethos-u85-256", "both chips")
    ]
    assert [chips for _, chips in distinct([PAIR, other])] == ["ethos-u85-256", "nucleo-h7a3zi"]
    page = render_comparisons([replace(COMPARISON, pairs=(PAIR, again))], figure="bits.png", command="c")
    assert cells(page, "whisper-micro")[0] == ["whisper-micro", "gptq", "bundled", "1", "0", "0", "0"]
    assert len(cells(page, "both chips")) == 2
    assert (
        len(cells(page, "ethos-u85-256")) == len(cells(page, "nucleo-h7a3zi")) == 1
    )  # what each costs there


def test_the_figure_has_a_row_per_comparison_and_a_panel_per_corpus() -> None:
    figure = draw_comparisons([replace(COMPARISON, pairs=(PAIR, BY_RTN, LARGER))])
    left, right = figure.axes
    labels = [text.get_text().replace("\N{NO-BREAK SPACE}", " ") for text in left.get_yticklabels()]
    assert labels == [
        "w8a8+gptq, 2.38 MiB, ethos-u85-256",
        "w2a16-g32+gptq, 1.14 MiB, ethos-u85-256",
        "w2a16-g32+rtn, 1.14 MiB, ethos-u85-256",
    ]
    assert left.get_title(loc="left") == "whisper-micro, bundled"
    assert right.get_title(loc="left") == "whisper-micro, AN4/test"
    drawn = [bars.lines[0] for bars in left.containers]  # type: ignore[attr-defined]  # error bars
    assert [line.get_xdata()[0] for line in drawn] == pytest.approx([-4.0, -4.0, 2.0])
    colours = [bars.lines[0].get_color() for bars in right.containers]  # type: ignore[attr-defined]
    assert colours == [MUTED.light, MUTED.light, GREEN.light]


def test_recipes_without_a_mixture_are_named() -> None:
    lacking = replace(COMPARISON, without=("w8a8 on ethos-u85-256", "w8a8 on gap9"))
    page = render_comparisons([lacking], figure="x.png", command="c")
    assert "as fast as w8a8 on ethos-u85-256, w8a8 on gap9: not compared." in page
    assert "not compared.\n\nUnder" not in render_comparisons([COMPARISON], figure="x.png", command="c")


def test_too_few_points_say_so() -> None:
    few = Comparison("whisper-micro", (PAIR,), trust_of(POINTS[:2], 0.05))
    assert "Too few networks were measured" in render_comparisons([few], figure="x.png", command="c")


def test_the_figure_lies_beside_the_page(tmp_path: Path) -> None:
    write_comparisons([COMPARISON], tmp_path / "bits.md", command="c")
    assert (tmp_path / "bits.png").read_bytes().startswith(b"\x89PNG")
    assert "](bits.png)" in (tmp_path / "bits.md").read_text()
