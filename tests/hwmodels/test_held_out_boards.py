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
