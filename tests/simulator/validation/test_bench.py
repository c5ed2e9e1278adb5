"""Networks costed together cost what they cost alone."""

import numpy as np
import pytest

from hwmodels.chip_file import load_chip
from hwmodels.overrides import apply_overrides
from simulator.validation.bench import Bench, work
from traces.networks.store import Precision

JOBS = (("mlperf-tiny-ic", Precision.W8A8), ("resnet-18", Precision.FLOAT), ("resnet-18", Precision.W8A8))


@pytest.mark.parametrize("name", ["nucleo-l4r5zi", "gap9", "hexagon-htp-v75"])
def test_joining_networks_changes_nothing(name: str) -> None:
    chip = load_chip(name)
    together = Bench(JOBS).predict(chip)
    for idx, job in enumerate(JOBS):
        alone = Bench([job]).predict(chip)
        assert together.latency_s.nominal[idx] == pytest.approx(alone.latency_s.nominal[0])
        assert together.energy_j.high[idx] == pytest.approx(alone.energy_j.high[0])
    assert np.all(together.latency_s.low <= together.latency_s.nominal)
    assert np.all(together.latency_s.nominal <= together.latency_s.high)


def test_work_is_independent_of_the_chip() -> None:
    found = work("mlperf-tiny-ic", Precision.W8A8)
    assert found.macs == 12_501_632
    assert found.bops == found.macs * 64
    assert work("mlperf-tiny-ic", Precision.FLOAT).bops == found.macs * 256
    assert found.io_bytes > 78_000  # weights alone


@pytest.mark.parametrize(
    ("network", "mix"),
    [
        ("resnet-50", "dense"), ("mobilenet-v2", "depthwise"), ("vit-base", "attention"),
        ("opus-mt-decoder", "matrix-vector"),
    ],
)  # fmt: skip
def test_the_mix_names_what_dominates(network: str, mix: str) -> None:
    assert work(network, Precision.FLOAT).mix == mix


@pytest.mark.parametrize(("code", "fits"), [(0.9, True), (1.0, False)])
def test_weights_lie_where_there_is_room_for_them_as_the_chip_stores_them(code: float, *, fits: bool) -> None:
    # ResNet-8 has 49 kB alive at once: beside it 125 kB hold its 77,360 weights at 0.9 bytes, not at 1.
    jobs = (("mlperf-tiny-vww", Precision.W8A8), JOBS[0])
    small, large = (
        apply_overrides(load_chip("npu-template"), (f"levels.sram.size_bytes={size}e3", f"codec.int8={code}"))
        for size in (125, 140)
    )
    latencies = [float(Bench(jobs).predict(chip).latency_s.nominal[1]) for chip in (small, large)]
    assert (latencies[0] == latencies[1]) is fits
    assert latencies[0] >= latencies[1]
    assert Bench(jobs).nominal_s(small)[0, 1] == pytest.approx(latencies[0])
