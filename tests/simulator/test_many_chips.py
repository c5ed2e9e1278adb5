import numpy as np
import pytest

from hwmodels.chip_file import load_chip
from simulator.estimate import estimate
from simulator.many_chips import cost_on_chips, task
from simulator.utterances import Utterance
from traces.store import load_workload

CHIPS = tuple(load_chip(name) for name in ("hexagon-htp-v75", "ethos-u55-128", "nucleo-l4r5zi"))
UTTERANCES = (Utterance(3.0, 4), Utterance(5.0, 9))


def test_many_chips_cost_what_each_does_alone() -> None:
    workload = load_workload("whisper-micro")
    found = cost_on_chips(task(workload, UTTERANCES), CHIPS)
    for idx, chip in enumerate(CHIPS):
        alone = estimate(workload, chip, UTTERANCES)
        for interval, expected in ((found.latency_s, alone.latency_s()), (found.energy_j, alone.energy_j())):
            assert interval.low[idx] == pytest.approx(expected.low.mean())
            assert interval.nominal[idx] == pytest.approx(expected.nominal.mean())
            assert interval.high[idx] == pytest.approx(expected.high.mean())


def test_no_chips_cost_nothing() -> None:
    assert np.size(cost_on_chips(task(load_workload("whisper-micro"), UTTERANCES), ()).latency_s.nominal) == 0
