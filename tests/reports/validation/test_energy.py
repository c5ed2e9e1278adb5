"""Energies are shown row by row and summed by chip."""

from reports.validation.energy import energy_section
from tests.reports.validation.test_page import row


def test_nothing_is_said_where_nothing_was_measured() -> None:
    assert energy_section([row("mlperf-tiny-ic", "w8a8", 1e-3)]) == ""


def test_errors_intervals_and_the_baseline_are_told() -> None:
    ranges: dict[str, object] = {
        "predicted_low_j": 1e-6, "predicted_high_j": 5e-6,
        "left_out_j": 1e-6, "left_out_low_j": 0.9e-6, "left_out_high_j": 1.1e-6,
    }  # fmt: skip
    half = row("mlperf-tiny-ic", "w8a8", 1e-3, measured_j=2e-6, predicted_j=1e-6, **ranges)
    double = row("mlperf-tiny-vww", "w8a8", 1e-3, measured_j=1e-6, predicted_j=2e-6, **ranges)
    section = energy_section([half, double])
    # -50 % and +100 %; both measured values inside; left out -50 % and 0 %, one inside.
    assert "| a-chip | 2 | 75.0 % | +25.0 % | 100.0 % | 25.0 % | -25.0 % | 50.0 % |" in section
    assert "| a-chip | mlperf-tiny-ic | 2 µJ | 1 µJ | -50.0 % | 1 µJ | -50.0 % |" in section
