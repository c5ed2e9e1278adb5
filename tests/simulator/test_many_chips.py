import numpy as np
import pytest

from hwmodels.chip import Chip
from hwmodels.chip_file import load_chip
from hwmodels.quantity import Quantity
from simulator.estimate import estimate
from simulator.many_chips import cost_on_chips, cost_on_variants, task
from simulator.utterances import Utterance
from traces.errors import EdgeAsrError
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


@pytest.mark.parametrize("chip", CHIPS, ids=lambda chip: chip.name)
def test_variants_cost_what_each_does_alone(chip: Chip) -> None:
    workload = load_workload("whisper-micro")
    varied = {
        f"levels.{chip.levels[-1].name}.bandwidth_bytes_per_s": np.array([1e8, 2e8]),
        f"levels.{chip.levels[0].name}.size_bytes": np.array([3e4, 3e5]),
    }
    found = cost_on_variants(task(workload, UTTERANCES), chip, varied)
    for idx in range(2):
        variant = chip
        for path, values in varied.items():
            variant = variant.with_quantity(path, Quantity.exact(values[idx], "assumed", "varied by a test"))
        alone = estimate(workload, variant, UTTERANCES)
        assert found.latency_s.nominal[idx] == pytest.approx(alone.latency_s().nominal.mean())
        assert found.energy_j.high[idx] == pytest.approx(alone.energy_j().high.mean())
        assert found.excess_bytes[idx] == alone.excess_bytes()
        assert found.fits[idx] == alone.fits()
        phases_s = [alone.phase_latency_s(phase).nominal.mean() for phase in alone.phases]
        assert found.phase_latency_s[:, idx] == pytest.approx(np.array(phases_s))


def test_a_path_that_is_none_is_named_with_its_nearest() -> None:
    with pytest.raises(EdgeAsrError, match=r"energy\.static_power_w"):
        cost_on_variants(
            task(load_workload("whisper-micro"), UTTERANCES), CHIPS[0], {"energy.static_power": np.ones(2)}
        )
