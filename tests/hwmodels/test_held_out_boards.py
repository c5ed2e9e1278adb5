"""Rows of MLPerf Tiny that no chip file was fitted to: other software, newer versions, another voltage.

Software of one generation on the same board differs by more than the model's own error, and the intervals
have to say so: nine rows in ten must lie inside.
"""

import numpy as np

from hwmodels.chip_file import load_chip
from simulator.validation.bench import Bench
from traces.networks.store import Precision

MEASURED_MS = (
    ("nucleo-l4r5zi", "v1.3 STMicroelectronics, NUCLEO_L4R5ZI-P, X-CUBE-AI 10.2", 165.6726, 89.4374),
    ("nucleo-l4r5zi", "v1.1 plumerai, NUCLEO-L4R5ZI, 2023.05", 167.7571, 98.7557),
    ("nucleo-u575zi", "v1.3 STMicroelectronics, NUCLEO_U575ZI_Q, X-CUBE-AI 10.2", 109.493, 59.2663),
    ("nucleo-u575zi", "v1.1 plumerai, NUCLEO-U575ZI-Q, 2023.05", 104.2862, 59.4919),
    ("nucleo-h7a3zi", "v1.1 plumerai, NUCLEO-H7A3ZI-Q, 2023.05", 50.9269, 26.8168),
    ("gap9-0v8", "v1.0 greenwaves-technologies, gap9_800_370", 0.6162, 1.1248),
)
"""Chip, result of mlcommons/tiny_results, ic and vww."""


def detector(chip: str) -> str:
    return "mlperf-tiny-vww" if chip.startswith("gap9") else "mlperf-tiny-vww-live"


def test_rows_of_other_software_and_voltage_lie_inside_the_intervals() -> None:
    inside, errors = [], []
    for name, _, *measured_ms in MEASURED_MS:
        jobs = [("mlperf-tiny-ic", Precision.W8A8), (detector(name), Precision.W8A8)]
        found = Bench(jobs).predict(load_chip(name)).latency_s
        measured_s = np.array(measured_ms) * 1e-3
        inside += list((found.low <= measured_s) & (measured_s <= found.high))
        errors += list(np.abs(found.nominal / measured_s - 1))
    assert np.mean(inside) >= 0.9
    assert np.mean(errors) <= 0.1


WHOLE_NETWORK_MS = (
    ("nucleo-l4r5zi", "v1.1 Krai, X-CUBE-AI 7.3", 226.9117, 224.9213),
    ("nucleo-l4r5zi", "v1.0 plumerai, NUCLEO_L4R5ZI", 173.1602, 208.5506),
    ("nucleo-l4r5zi", "v1.2 bosch, NUCLEO_L4R5ZI_int8", 180.538, 180.5054),
    ("nucleo-l4r5zi", "v1.0 OctoML, microtvm_cmsis_nn", 389.5598, 301.2048),
    ("nucleo-l4r5zi", "v0.5 reference, TensorFlow Lite Micro", 704.2254, 600.6006),
    ("nucleo-h7a3zi", "v1.1 Krai, X-CUBE-AI 7.3", 53.8387, 50.4083),
    ("nucleo-h7a3zi", "v1.2 bosch, NUCLEO_H7A3ZI_int8", 45.8484, 43.7637),
    ("nucleo-u575zi", "v1.0 STMicroelectronics, NUCLEO-U575ZI-Q", 139.7038, 133.4045),
    ("nucleo-u575zi", "v1.2 bosch, NUCLEO_U575ZI_int8", 120.54, 119.8322),
)
"""The same of software that computes dead channels as well, at its own speed."""


def test_software_that_keeps_dead_channels_runs_the_whole_detector() -> None:
    jobs = [(name, Precision.W8A8) for name in ("mlperf-tiny-ic", "mlperf-tiny-vww", "mlperf-tiny-vww-live")]
    whole, live = [], []
    for name, _, ic_ms, vww_ms in WHOLE_NETWORK_MS:
        ic_s, vww_s, live_s = Bench(jobs).predict(load_chip(name)).latency_s.nominal
        whole.append(vww_s / ic_s * ic_ms / vww_ms - 1)
        live.append(live_s / ic_s * ic_ms / vww_ms - 1)
    # Kernels differ between these stacks, so the ratio is off by more than on those the rates were fitted to.
    assert np.mean(np.abs(whole)) <= 0.15
    assert np.mean(live) < -0.3
