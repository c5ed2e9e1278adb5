from dataclasses import replace

from reports.markdown import render_markdown
from reports.study.assemble import empty_data
from tests.reports.synthetic import study
from tests.reports.synthetic_grid import grid_study


def test_the_page_has_every_section_in_order() -> None:
    text = render_markdown(study())
    heads = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert heads == [
        "Verdict", "All combinations", "Intervals", "Accuracy", "What does not fit", "Slowest layers",
        "Figures", "Where the chips' numbers come from", "Read with care", "To get this again",
    ]  # fmt: skip
    assert "![" in text
    assert "figures/pareto.png" in text


def test_a_grid_without_chips_shows_the_best_of_each_formats() -> None:
    text = render_markdown(grid_study(chips=False))
    heads = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert heads == ["Best of each formats", "Accuracy", "Read with care", "To get this again"]
    best = text[: text.index("## Accuracy")]
    assert "w4a16-g32+hqq" in best
    assert "w4a16-g32+awq" not in best
    assert "(benchmark.md)" in best


def test_tables_are_regular() -> None:
    width = None
    for line in render_markdown(study()).splitlines():
        if not line.startswith("|"):
            width = None
            continue
        bars = line.replace(r"\|", "").count("|")
        assert width in (None, bars), line
        width = bars


def test_what_fits_everywhere_says_so() -> None:
    data = study()
    fitting = tuple(replace(row, fits=True, excess_bytes=0.0, excess_level="") for row in data.estimates)
    assert "Everything fits on every chip." in render_markdown(replace(data, estimates=fitting))


def test_an_empty_study_renders() -> None:
    assert "No word error rate was measured." in render_markdown(empty_data())
