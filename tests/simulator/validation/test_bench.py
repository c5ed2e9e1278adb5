"""Networks costed together cost what they cost alone."""

import numpy as np
import pytest

from hwmodels.chip_file import load_chip
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
