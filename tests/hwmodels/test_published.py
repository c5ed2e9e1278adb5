"""Predictions against published figures: measured boards and phones, and a vendor's estimates.

The rows were used to fit the chips, so this guards the fits; it is no blind check.
"""

from collections.abc import Callable

import pytest

from hwmodels.chip_file import load_chip
from hwmodels.model import cost, start_of_inference
from hwmodels.op_table import OpTable
from simulator.place import place
from tests.hwmodels.networks import live_mobilenet_quarter, mobilenet_quarter, resnet8, resnet50, transformer
from tests.hwmodels.tables import Row, attend, dense, table
from traces.formats import FLOAT16, INT8_CHANNEL, Format

INT16_TENSOR = Format.parse("int16_tensor")
FAR = 1e8
"""Weights of a network too large to stay on chip."""


def predicted(name: str, ops: OpTable) -> tuple[float, float]:
    """Return nominal seconds and joules of one inference."""
    chip = load_chip(name)
    found, start = cost(ops, place(ops, chip), chip), start_of_inference(chip)
    return (
        float(found.latency_s.nominal.sum() + start.latency_s.nominal),
        float(found.energy_j.nominal.sum() + start.energy_j.nominal),
    )


def test_networks_by_hand_have_their_published_macs() -> None:
    assert resnet8().macs.sum() == pytest.approx(12_501_632, rel=1e-3)
    assert mobilenet_quarter().macs.sum() == pytest.approx(7_489_664, rel=2e-3)
    assert resnet50().macs.sum() == pytest.approx(4.09e9, rel=1e-2)


@pytest.mark.parametrize(
    ("chip", "network", "latency_s", "energy_j"),
    [  # mlcommons/tiny_results: v1.2 for the microcontrollers, v1.0 for GAP9
        ("nucleo-l4r5zi", resnet8, 165.13e-3, 6919e-6),
        ("nucleo-l4r5zi", live_mobilenet_quarter, 88.93e-3, 3895e-6),
        ("nucleo-h7a3zi", resnet8, 40.84e-3, 5090e-6),
        ("nucleo-h7a3zi", live_mobilenet_quarter, 23.80e-3, 2965e-6),
        ("nucleo-u575zi", resnet8, 111.07e-3, 2579e-6),
        ("nucleo-u575zi", live_mobilenet_quarter, 59.28e-3, 1355e-6),
        ("ek-ra8d1", resnet8, 8.478e-3, None),
        ("ek-ra8d1", mobilenet_quarter, 13.393e-3, None),
        ("gap9", resnet8, 0.9493e-3, 27.7e-6),
        ("gap9", mobilenet_quarter, 1.733e-3, 40.8e-6),
    ],
)
def test_microcontrollers_cost_what_was_measured(
    chip: str, network: Callable[[], OpTable], latency_s: float, energy_j: float | None
) -> None:
    found_s, found_j = predicted(chip, network())
    assert found_s == pytest.approx(latency_s, rel=0.08)
    if energy_j is not None:
        assert found_j == pytest.approx(energy_j, rel=0.08)


@pytest.mark.parametrize(
    ("ops", "latency_s"),
    [  # qualcomm/ai-hub-models@b61a009, Galaxy S24, median over runtimes
        (resnet50(FLOAT16, FLOAT16), 1.579e-3),
        (resnet50(), 0.679e-3),
        (transformer(384), 11.97e-3),
        (transformer(384, weight=INT8_CHANNEL, activation=INT16_TENSOR), 12.0e-3),
        (transformer(197), 7.17e-3),
        (transformer(197, weight=INT8_CHANNEL, activation=INT16_TENSOR), 7.37e-3),
    ],
)
def test_measured_phone_dsp(ops: OpTable, latency_s: float) -> None:
    assert predicted("hexagon-htp-v75", ops)[0] == pytest.approx(latency_s, rel=0.25)


@pytest.mark.parametrize(
    ("chip", "row", "cycles", "clock_hz"),
    [  # Vela 5.2.0, total cycles; an estimate, and without any software overhead
        ("ethos-u55-128", dense(1500, 384, 384), 1_736_848, 500e6),
        ("ethos-u55-128", dense(1500, 384, 1536), 6_920_848, 500e6),
        ("ethos-u55-128", dense(1500, 1536, 384), 6_943_600, 500e6),
        ("ethos-u55-128", attend(1, 1500, 64, 1500), 144_189_000, 500e6),
        ("ethos-u55-128", attend(1, 1500, 1500, 64), 144_161_568, 500e6),
        ("ethos-u55-128", dense(1, 384, 384), 151_328, 500e6),
        ("ethos-u55-128", dense(1, 384, 51865), 20_452_688, 500e6),
        ("ethos-u65-512", dense(1500, 384, 384), 4_365_747, 1e9),
        ("ethos-u65-512", dense(1500, 384, 1536), 17_462_946, 1e9),
        ("ethos-u65-512", dense(1500, 1536, 384), 15_542_929, 1e9),
        ("ethos-u65-512", attend(1, 1500, 64, 1500), 240_102_900, 1e9),
        ("ethos-u65-512", dense(1, 384, 51865), 5_672_120, 1e9),
        ("ethos-u85-1024", dense(1500, 384, 384), 834_929, 1e9),
        ("ethos-u85-1024", dense(1500, 384, 1536), 3_333_245, 1e9),
        ("ethos-u85-1024", dense(1500, 1536, 384), 3_149_999, 1e9),
        ("ethos-u85-1024", attend(1, 1500, 64, 1500), 2_419_737, 1e9),
        ("ethos-u85-1024", dense(1, 384, 51865), 1_899_793, 1e9),
    ],
)
def test_a_vendors_estimates(chip: str, row: Row, cycles: int, clock_hz: float) -> None:
    model = load_chip(chip)
    ops = table(row, network_weight_bytes=FAR)
    found = cost(ops, place(ops, model), model)
    without_software = found.latency_s.nominal[0] - found.overhead_s[0]
    assert without_software == pytest.approx(cycles / clock_hz, rel=0.35 if "u85" in chip else 0.08)


def test_narrow_weights_help_the_bandwidth_bound_side_only() -> None:
    # Vela: logits 40.9 -> 21.0 ms with weights of +-7, encoder products unchanged.
    four_bits = Format.parse("int4_channel")
    step = [predicted("ethos-u55-128", table(dense(1, 384, 51865, fmt), network_weight_bytes=FAR))[0]
            for fmt in (INT8_CHANNEL, four_bits)]  # fmt: skip
    many = [predicted("ethos-u55-128", table(dense(1500, 384, 1536, fmt), network_weight_bytes=FAR))[0]
            for fmt in (INT8_CHANNEL, four_bits)]  # fmt: skip
    assert step[1] / step[0] == pytest.approx(0.51, abs=0.03)
    assert many[1] == pytest.approx(many[0], rel=0.01)
