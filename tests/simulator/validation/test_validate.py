"""Rows, sums and what is left out, on measurements that a chip made up itself."""

from dataclasses import replace

import numpy as np
import pytest

from hwmodels.chip_file import load_chip
from hwmodels.op_table import Floats
from simulator.calibration.parameters import scaled
from simulator.calibration.together import Together, common_parameters
from simulator.validation.bench import Bench
from simulator.validation.left_out import fitted_together, leave_one_network_out, relatives
from simulator.validation.left_out_chip import leave_one_chip_out
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


RELATED = ("hexagon-htp-v73", CHIP, "hexagon-htp-v79", "hexagon-htp-v81", "hexagon-htp-x-elite")


def made_up(factor: float) -> list[Case]:
    """Return what related chips would measure with all their fitted numbers off by a factor."""
    jobs = [(network, precision) for network in NETWORKS for precision in (Precision.FLOAT, Precision.W8A8)]
    chips = [load_chip(name) for name in RELATED]
    parameters = common_parameters(chips)
    found = []
    for idx, chip in enumerate(chips):
        truth = scaled(chip, tuple(each.of(idx) for each in parameters), factors=(factor,) * len(parameters))
        latency_s = Bench(jobs).predict(truth).latency_s.nominal
        found += [
            Case(chip.name, "made up", network, precision, float(seconds), None, 1)
            for (network, precision), seconds in zip(jobs, latency_s, strict=True)
        ]
    return found


def fitted(mine: list[Case]) -> tuple[Together, Floats]:
    found = fitted_together([load_chip(name) for name in RELATED], mine)
    assert found is not None
    return found


def test_what_is_left_out_does_not_keep_what_the_shipped_numbers_knew() -> None:
    # One network's own rows are wrong by a factor of two; its prediction must not follow them.
    mine = made_up(1.2)
    wrong = [replace(case, latency_s=2 * case.latency_s) if "50" in case.network else case for case in mine]
    right_out, wrong_out = (leave_one_network_out(*fitted(rows))[CHIP] for rows in (mine, wrong))
    of_chip = [case for case in mine if case.chip == CHIP]
    held = np.array(["50" in case.network for case in of_chip])
    assert wrong_out.nominal_s[held] == pytest.approx(right_out.nominal_s[held], rel=0.02)
    truth = np.array([case.latency_s for case in of_chip])
    assert right_out.nominal_s == pytest.approx(truth, rel=0.02)
    assert np.all(right_out.low_s < truth)
    assert np.all(truth < right_out.high_s)


def test_a_chip_without_rows_of_its_own_is_read_off_the_others_generations() -> None:
    mine = made_up(1.0)
    slow = [replace(case, latency_s=3 * case.latency_s) if case.chip == CHIP else case for case in mine]
    found, of_slow = (leave_one_chip_out(*fitted(rows)) for rows in (mine, slow))
    assert set(found) == set(RELATED)
    truth = np.array([case.latency_s for case in mine if case.chip == CHIP])
    assert np.abs(np.log(found[CHIP] / truth)).mean() < 0.3
    assert of_slow[CHIP] == pytest.approx(found[CHIP], rel=0.03)  # its own rows have no say


def test_few_rows_leave_nothing_to_say() -> None:
    assert fitted_together([load_chip(CHIP)], made_up(1.0)[:3]) is None


def test_chips_are_related_by_the_fitted_numbers_they_share() -> None:
    chips = [load_chip(name) for name in (CHIP, "gap9", "hexagon-htp-v69")]
    assert [[chip.name for chip in group] for group in relatives(chips)] in (
        [["gap9"], [CHIP, "hexagon-htp-v69"]],
        [[CHIP, "hexagon-htp-v69"], ["gap9"]],
    )


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
