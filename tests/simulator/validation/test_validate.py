"""Rows, sums and what is left out, on measurements that a chip made up itself."""

from dataclasses import replace

import numpy as np
import pytest

from hwmodels.chip_file import load_chip
from simulator.calibration.parameters import scaled
from simulator.validation.bench import Bench
from simulator.validation.left_out import fitted_parameters, leave_one_network_out
from simulator.validation.measured import Case, Measured
from simulator.validation.summary import directions, summarise, worst
from simulator.validation.validate import validate
from traces.errors import EdgeAsrError
from traces.networks.store import Precision

CHIP = "hexagon-htp-v75"
NETWORKS = (
    "resnet-18", "resnet-50", "mobilenet-v2", "regnet-y-800mf", "levit-128s", "opus-mt-encoder",
    "opus-mt-decoder", "trocr-small-decoder", "distilbert-base", "convnext-tiny", "vit-base",
    "efficientnet-b0",
)  # fmt: skip


def made_up(factor: float) -> list[Case]:
    """Return what the chip would measure with all its fitted numbers off by a factor."""
    chip = load_chip(CHIP)
    parameters = fitted_parameters(chip)
    truth = scaled(chip, parameters, (factor,) * len(parameters))
    jobs = [(network, precision) for network in NETWORKS for precision in (Precision.FLOAT, Precision.W8A8)]
    latency_s = Bench(jobs).predict(truth).latency_s.nominal
    return [
        Case(CHIP, "made up", network, precision, float(seconds), None, 1)
        for (network, precision), seconds in zip(jobs, latency_s, strict=True)
    ]


def test_what_is_left_out_does_not_keep_what_the_shipped_numbers_knew() -> None:
    # One network's own rows are wrong by a factor of two; its prediction must not follow them.
    mine = made_up(1.2)
    wrong = [replace(case, latency_s=2 * case.latency_s) if "50" in case.network else case for case in mine]
    chip = load_chip(CHIP)
    right_out, wrong_out = (leave_one_network_out(chip, rows) for rows in (mine, wrong))
    assert right_out is not None
    assert wrong_out is not None
    held = np.array(["50" in case.network for case in mine])
    assert wrong_out.nominal_s[held] == pytest.approx(right_out.nominal_s[held])
    measured = np.array([case.latency_s for case in mine])
    before = Bench([(case.network, case.precision) for case in mine]).predict(chip).latency_s.nominal
    off = np.abs(np.log(before / measured)).mean()
    assert np.abs(np.log(right_out.nominal_s / measured)).mean() < off


def measured(network: str, precision: Precision, latency_s: float, chip: str = CHIP) -> Measured:
    return Measured(chip, "made up", network, precision, "", latency_s, None, all_npu=True, source="")


def test_a_row_per_case_and_sums_over_them() -> None:
    rows = validate(
        [
            measured("resnet-18", Precision.FLOAT, 1e-3),
            measured("resnet-18", Precision.W8A8, 1e-1),
            measured("vit-base", Precision.FLOAT, 7e-3),
            measured("vit-base", Precision.FLOAT, 1.0, chip="no-such-chip"),
        ]
    )
    assert [(row.network, row.precision, row.mix) for row in rows] == [
        ("resnet-18", "float", "dense"), ("resnet-18", "w8a8", "dense"), ("vit-base", "float", "attention"),
    ]  # fmt: skip
    assert all(row.was_fitted for row in rows)
    assert [group.n for group in summarise(rows, "op mix")] == [2, 1]
    (whole,) = summarise(rows, "all")
    errors = [row.predicted_s / row.measured_s - 1 for row in rows]
    assert whole.bias == pytest.approx(np.mean(errors))
    assert worst(rows, 1)[0].precision == "w8a8"  # 100 ms where about half a millisecond is right
    found = directions(rows)
    assert (found.n, found.right) == (1, 0)
    assert "resnet-18 float/w8a8: measured 0.01" in found.wrong[0]


def test_chips_without_a_measured_row_are_a_mistake() -> None:
    with pytest.raises(EdgeAsrError, match=f"no measured row is of nvdla-full; measured: {CHIP}"):
        validate([measured("resnet-18", Precision.FLOAT, 1e-3)], chips=("nvdla-full",))
