"""The sentences on cases small enough to know the right answer."""

from dataclasses import replace

import pytest

from reports.data import Accuracy, CellRow, EstimateRow, LayerRow, Part, Range, Utterances
from reports.index import Costed, combination
from reports.units import NO_BREAK, TIMES
from reports.verdict import Verdict, verdict

FLOAT_WER = 0.05


def costed(
    recipe: str,
    *,
    latency_s: float,
    added: float | None,
    packed_bytes: float = 8e6,
    excess_bytes: float = 0.0,
    model: str = "m",
    sharp: bool = True,
) -> Costed:
    """Return a cell and its estimate; `added` is the rate above float's, None for one not measured."""
    spread = 0.01 if sharp else 0.5
    difference = None if recipe == "float" or added is None else Range(added - 0.002, added, added + 0.002)
    accuracy = None
    if added is not None:
        wer = FLOAT_WER + added
        accuracy = Accuracy(Range(wer - 0.01, wer, wer + 0.01), difference, 0.02, 0, 10, 200, 2000, 20.0)
    cell = CellRow(model, "whisper", recipe, "bundled", accuracy, 10, packed_bytes, 1.0, 1.0, 1.0, 1.0)
    estimate = EstimateRow(
        model,
        recipe,
        "chip",
        Utterances(200, 3.0, 12.0, "measured"),
        Range(latency_s * (1 - spread), latency_s, latency_s * (1 + spread)),
        latency_s,
        latency_s,
        Range(0.5e-3, 1e-3, 2e-3),
        latency_s / 3,
        1e5,
        excess_bytes == 0,
        excess_bytes,
        "" if excess_bytes == 0 else "sram",
        "assumed",
    )
    return Costed(cell, estimate)


def layer(recipe: str, terms: tuple[Part, ...]) -> LayerRow:
    latency_s = sum(part.value for part in terms)
    return LayerRow(
        "m", recipe, "chip", "decode", "fc", "weight_product", 1, latency_s, terms, 0.0, (), 1.0, (), 0.5,
        "unpack", "core", "",
    )  # fmt: skip


def said(rows: tuple[Costed, ...], layers: dict[str, tuple[LayerRow, ...]] | None = None) -> Verdict:
    found = verdict("chip", rows, layers=layers or {}, corpus="bundled")
    return replace(found, sentences=tuple(text.replace(NO_BREAK, " ") for text in found.sentences))


def test_the_fastest_within_the_budget_wins() -> None:
    found = said(
        (
            costed("float", latency_s=0.040, added=0.0),
            costed("w8a8", latency_s=0.010, added=0.004),
            costed("w2", latency_s=0.002, added=0.6),
        )
    )
    assert found.choice == combination("m", "w8a8", chip="chip")
    assert found.sentences[0] == (
        "On chip, m in w8a8 is the fastest choice (of 3 compared) that fits and stays within +1.0 WER "
        "points of its float: 10.0 ms and 1.00 mJ per utterance, WER 5.4 % on bundled (float 5.0 %; "
        "difference +0.4 points, 95 % interval +0.2 to +0.6)."
    )
    assert [figure.value.replace(NO_BREAK, " ") for figure in found.figures] == [
        "10.0 ms", "1.00 mJ", "5.4 %", "7.63 MiB",
    ]  # fmt: skip


@pytest.mark.parametrize(("added", "chosen"), [(0.0100, "w8a8"), (0.0101, "float")])
def test_the_budget_includes_its_limit(added: float, chosen: str) -> None:
    rows = (costed("float", latency_s=0.04, added=0.0), costed("w8a8", latency_s=0.01, added=added))
    assert said(rows).choice == combination("m", chosen, chip="chip")


def test_what_does_not_fit_is_not_chosen_but_named() -> None:
    rows = (
        costed("w8a8", latency_s=0.010, added=0.0, excess_bytes=2**20),
        costed("float", latency_s=0.040, added=0.0),
    )
    found = said(rows)
    assert found.choice == combination("m", "float", chip="chip")
    assert found.sentences[-1] == "1 of 2 measured combinations do not fit: m in w8a8."


def test_fewer_bits_that_buy_nothing_say_why() -> None:
    rows = (
        costed("float", latency_s=0.040, added=0.0, packed_bytes=16e6),
        costed("w8a8", latency_s=0.010, added=0.0, packed_bytes=8e6),
        costed("w4", latency_s=0.0101, added=0.003, packed_bytes=4e6),
        costed("w3a8", latency_s=0.012, added=0.02, packed_bytes=3.5e6),
        costed("w3", latency_s=0.015, added=0.02, packed_bytes=3e6),
        costed("w2", latency_s=0.005, added=0.5, packed_bytes=2e6),
    )
    layers: dict[str, tuple[LayerRow, ...]] = {
        combination("m", name, chip="chip"): (layer(name, (Part("unpack", 6e-3), Part("compute", 4e-3))),)
        for name in ("w4", "w3a8", "w3", "w2")
    }
    w4, w3a8, w3, w2 = (text for text in said(rows, layers).sentences if text.startswith("w"))
    assert w4 == (
        "w4 is 50.0 % smaller but buys nothing in latency, because 60.0 % of its time is unpacking weights, "
        "at +0.3 WER points against w8a8."
    )
    assert w3a8.startswith("w3a8 is 56.2 % smaller but is 20.0 % slower, because")
    assert w3.startswith(f"w3 is 62.5 % smaller but takes 1.5{TIMES} as long, because")
    assert w2 == "w2 is 75.0 % smaller and 50.0 % faster, at +50.0 WER points against w8a8."


def test_a_recogniser_that_does_not_recognise_is_called_that() -> None:
    rows = (
        costed("float", latency_s=0.04, added=0.5),
        costed("w8a8", latency_s=0.01, added=0.5),
    )
    assert said(rows).sentences[1] == "But m is of no use on this corpus even in float: WER 55.0 %."


def test_what_is_far_worse_and_no_faster_gets_no_sentence() -> None:
    rows = (
        costed("float", latency_s=0.040, added=0.0, packed_bytes=16e6),
        costed("w2", latency_s=0.045, added=0.5, packed_bytes=2e6),
    )
    assert not any(text.startswith("w2") for text in said(rows).sentences)


def test_overlapping_intervals_are_admitted_and_sharp_ones_are_not() -> None:
    def rows(sharp: bool) -> tuple[Costed, ...]:
        return (
            costed("float", latency_s=0.020, added=0.0, sharp=sharp),
            costed("w8a8", latency_s=0.015, added=0.0, sharp=sharp),
        )

    assert any("overlaps that of m in float" in text for text in said(rows(sharp=False)).sentences)
    assert not any("overlap" in text for text in said(rows(sharp=True)).sentences)


def test_a_difference_around_zero_says_so() -> None:
    rows = (costed("float", latency_s=0.04, added=0.0), costed("w8a8", latency_s=0.01, added=0.001))
    assert "interval −0.1 to +0.3, which includes 0)" in said(rows).sentences[0]  # noqa: RUF001


def test_an_equal_rate_claims_no_more_than_that() -> None:
    same = costed("w8a8", latency_s=0.01, added=0.0)
    assert same.cell.accuracy is not None
    accuracy = replace(same.cell.accuracy, wer_difference=Range(0.0, 0.0, 0.0))
    rows = (
        costed("float", latency_s=0.04, added=0.0),
        Costed(replace(same.cell, accuracy=accuracy), same.estimate),
    )
    assert said(rows).sentences[0].endswith("(float 5.0 %; no resample shows a difference).")


def test_where_nothing_fits_there_is_no_choice() -> None:
    found = said(
        (
            costed("float", latency_s=0.04, added=0.0, excess_bytes=3 * 2**20),
            costed("w8a8", latency_s=0.01, added=0.0, excess_bytes=2**20),
        )
    )
    assert found.choice is None
    assert found.sentences[:2] == (
        "None of the 2 measured combinations fits chip.",
        "Closest is m in w8a8: 1.00 MiB too large for sram.",
    )


def test_where_nothing_was_measured_the_fastest_is_shown() -> None:
    found = said((costed("float", latency_s=0.04, added=None), costed("w8a8", latency_s=0.01, added=None)))
    assert found.choice is None
    assert found.shown == combination("m", "w8a8", chip="chip")
    assert found.figures == ()
    assert "No word error rate was measured" in found.sentences[0]
    assert found.sentences[1] == "The fastest that fits is m in w8a8: 10.0 ms and 1.00 mJ."


def test_where_nothing_is_accurate_there_is_no_choice() -> None:
    found = said(
        (
            costed("float", latency_s=0.04, added=0.0, excess_bytes=4 * 2**20),
            costed("w8a8", latency_s=0.02, added=0.001, excess_bytes=2**20),
            costed("w3", latency_s=0.01, added=0.03),
            costed("w2", latency_s=0.005, added=0.6),
        )
    )
    assert found.choice is None
    assert found.sentences == (
        "Nothing that fits chip stays within +1.0 WER points of float.",
        "Closest is m in w3: WER 8.0 % against 5.0 % in float, 10.0 ms and 1.00 mJ.",
        "With 1.00 MiB more of sram, m in w8a8 would fit: 20.0 ms and 1.00 mJ, WER 5.1 %.",
    )


def test_without_a_float_rate_nothing_is_recommended() -> None:
    found = said((costed("w8a8", latency_s=0.01, added=0.0),))
    assert found.choice is None
    assert "were not measured" in found.sentences[0]


def test_a_chip_without_estimates_says_so() -> None:
    assert said(()).sentences == ("Nothing was estimated on chip.",)


def test_other_models_get_a_sentence() -> None:
    rows = (
        costed("float", latency_s=0.04, added=0.0),
        costed("float", latency_s=0.09, added=0.0, model="other"),
    )
    assert "For other it is float: 90.0 ms and 1.00 mJ, WER 5.0 %." in said(rows).sentences
