"""The validation page says what was fitted and is written with its figure."""

from pathlib import Path
from typing import Any

from reports.validation.page import validation_page
from reports.validation.save import save_validation
from simulator.validation.validate import ValidationRow


def row(network: str, precision: str, predicted_s: float, **changes: Any) -> ValidationRow:
    values: dict[str, Any] = {
        "chip": "a-chip", "device": "a board", "network": network, "precision": precision, "mix": "dense",
        "was_fitted": True, "n_runtimes": 2, "measured_s": 1e-3, "predicted_s": predicted_s,
        "predicted_low_s": predicted_s / 2, "predicted_high_s": predicted_s * 2,
        "left_out_s": predicted_s, "left_out_low_s": None, "left_out_high_s": None, "chip_left_out_s": None,
        "macs_over_peak_s": 2e-3, "roofline_s": 1.5e-3, "bops_s": 3e-3,
        "measured_j": None, "predicted_j": 1e-6, "predicted_low_j": 5e-7, "predicted_high_j": 3e-6,
        "left_out_j": None, "left_out_low_j": None, "left_out_high_j": None,
    }  # fmt: skip
    return ValidationRow(**{**values, **changes})


ROWS = (
    *(row(f"n{idx}", "float", 1.1e-3) for idx in range(4)),
    row("resnet-18", "float", 0.2e-3),
    row("resnet-18", "w8a8", 0.3e-3, measured_s=0.5e-3, measured_j=2e-6, left_out_s=None),
)


def test_scores_baselines_directions_and_worst_cases_are_told() -> None:
    page = validation_page(ROWS)
    assert "(6 of 6 cases are of such chips)" in page
    assert "a-chip float" in page
    # 4 x 10 % and 80 % of five float cases; the roofline is off by half on all of them.
    assert "24.0 %" in page
    assert "beats all three baselines (in sample) in 1 of 1 groups" in page
    assert "Of 1 pairs" in page
    assert "0 are predicted in the right order" in page
    assert "a-chip resnet-18 float/w8a8: measured 2.00, predicted 0.67" in page
    assert page.index("80.0 %") > 0
    assert "2 µJ" in page


def test_a_group_that_a_baseline_wins_is_named() -> None:
    page = validation_page([row(f"n{idx}", "float", 1.9e-3) for idx in range(5)])
    assert "in 0 of 1 groups of chip and precision with five cases or more; not in: a-chip float." in page


def test_chips_without_their_own_rows_have_a_table_of_their_own() -> None:
    assert "Without any row of the chip" not in validation_page(ROWS)
    page = validation_page([*ROWS, row("n5", "float", 1e-3, chip_left_out_s=1.5e-3)])
    assert "Without any row of the chip" in page
    assert page.count("| 1 | 50.0 % | +50.0 % |") == 2  # the chip, and all


def test_the_page_and_its_figure_are_written(tmp_path: Path) -> None:
    save_validation(ROWS, tmp_path / "docs")
    assert (tmp_path / "docs" / "validation.png").read_bytes().startswith(b"\x89PNG")
    assert "](validation.png)" in (tmp_path / "docs" / "validation.md").read_text(encoding="utf-8")
