"""Predictions of rows that no chip was fitted to: Wide ResNet-50 on every Hexagon device.

The chips' intervals are corners of all ranges at once, wider than any probability; nine rows in ten must lie
inside.
"""

import numpy as np
import pytest

from hwmodels.chip_file import load_chip
from hwmodels.model import cost, start_of_inference
from simulator.place import place
from tests.hwmodels.networks import resnet50
from traces.formats import FLOAT16, INT8_CHANNEL, INT8_TENSOR

MEASURED_MS = {
    "hexagon-htp-v75": (3.67, 1.41),
    "hexagon-htp-v79": (2.85, 1.20),
    "hexagon-htp-v81": (2.53, 1.08),
    "hexagon-htp-v73": (4.76, 1.85),
    "hexagon-htp-v73-qcs9075": (7.07, 1.90),
    "hexagon-htp-v69": (8.70, 2.47),
    "hexagon-htp-v68": (7.79, 2.67),
    "hexagon-htp-x-elite": (4.61, 1.80),
    "hexagon-htp-x2-elite": (2.37, 0.85),
    "hexagon-htp-qcs8275": (24.58, 3.84),
    "hexagon-htp-7gen4": (None, 2.80),
    "hexagon-htp-v68-qcs6490": (None, 7.28),
    "hexagon-htp-qcm6690": (None, 17.45),
}
"""Float and w8a8, medians over runtimes of qualcomm/ai-hub-models@b61a009, wideresnet50."""
PRECISIONS = ((FLOAT16, FLOAT16), (INT8_CHANNEL, INT8_TENSOR))


def predicted_ms(name: str, which: int) -> tuple[float, float, float]:
    chip, ops = load_chip(name), resnet50(*PRECISIONS[which], widen=2)
    found, start = cost(ops, place(ops, chip), chip).latency_s, start_of_inference(chip).latency_s
    bounds = ((found.low, start.low), (found.nominal, start.nominal), (found.high, start.high))
    low, nominal, high = ((float(rows.sum()) + float(once)) * 1e3 for rows, once in bounds)
    return low, nominal, high


ROWS = [
    (name, which, measured)
    for name, row in MEASURED_MS.items()
    for which, measured in enumerate(row)
    if measured is not None
]


def test_the_network_by_hand_has_its_published_size() -> None:
    ops = resnet50(widen=2)
    assert ops.weight_elements.sum() == pytest.approx(68.9e6, rel=0.01)


def test_rows_are_predicted_and_lie_inside_the_intervals() -> None:
    predictions = [predicted_ms(name, which) for name, which, _ in ROWS]
    measured = np.array([row[2] for row in ROWS])
    low, nominal, high = np.array(predictions).T
    error = np.abs(nominal / measured - 1)
    assert error.mean() <= 0.18
    assert ((low <= measured) & (measured <= high)).mean() >= 0.9
