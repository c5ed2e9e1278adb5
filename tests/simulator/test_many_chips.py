from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwmodels.chip import Chip
from hwmodels.chip_file import chip_names, load_chip
from hwmodels.op_table import Floats
from hwmodels.quantity import Quantity
from quant.recipe import load_recipe
from simulator import many_chips
from simulator.annotate import annotated
from simulator.estimate import Estimate, estimate
from simulator.many_chips import Task, cost_on_variants, task
from simulator.utterances import Utterance
from tests.simulator.estimates import on_chip
from traces.errors import EdgeAsrError
from traces.store import load_workload
from traces.workload import Workload

CHIPS = tuple(load_chip(name) for name in ("hexagon-htp-v75", "ethos-u55-128", "nucleo-l4r5zi"))
UTTERANCES = (Utterance(3.0, 4), Utterance(5.0, 9))


@cache
def network(recipe: str) -> Workload:
    return annotated(load_workload("whisper-micro"), load_recipe(recipe))


@cache
def one_utterance(recipe: str) -> Task:
    return task(network(recipe), UTTERANCES[:1])


@cache
def single_estimate(recipe: str) -> Estimate:
    return estimate(network(recipe), CHIPS[0], utterances=UTTERANCES[:1])


def variant(chip: Chip, varied: dict[str, Floats], idx: int) -> Chip:
    for path, values in varied.items():
        chip = chip.with_quantity(path, Quantity.exact(float(values[idx]), "assumed", "varied by a test"))
    return chip


def test_a_size_may_move_the_weights_of_some_chips_alone() -> None:
    gap9, sizes = load_chip("gap9"), np.array([1.5e6, 1e9])
    varied = {"levels.l2.size_bytes": sizes}
    found = cost_on_variants(one_utterance("w8a8"), gap9, varied=varied)
    known = single_estimate("w8a8")
    for idx in range(len(sizes)):
        assert_equal_bit_for_bit(found, idx, on_chip(known, variant(gap9, varied, idx)))
    assert found.latency_s.nominal[1] < found.latency_s.nominal[0]


def test_no_chips_cost_nothing() -> None:
    found = cost_on_variants(one_utterance("w8a8"), CHIPS[0], varied={"energy.static_power_w": np.ones(0)})
    assert found.latency_s.nominal.shape == (0,)


def assert_equal_bit_for_bit(found: many_chips.ChipCosts, idx: int, alone: Estimate) -> None:
    for interval, expected in ((found.latency_s, alone.latency_s()), (found.energy_j, alone.energy_j())):
        assert interval.low[idx] == expected.low[0]
        assert interval.nominal[idx] == expected.nominal[0]
        assert interval.high[idx] == expected.high[0]
    phases_s = [alone.phase_latency_s(phase).nominal[0] for phase in alone.phases]
    assert found.phases == tuple(phase.phase for phase in alone.phases)
    assert found.phase_latency_s[:, idx].tolist() == phases_s
    assert found.excess_bytes[idx] == alone.excess_bytes()
    assert found.fits[idx] == alone.fits()


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(chip_names()),
    recipe=st.sampled_from(["w8a8", "w4a16-g32", "float"]),
    data=st.data(),
)
def test_variants_equal_single_estimates_bit_for_bit(name: str, recipe: str, data: st.DataObject) -> None:
    chip = load_chip(name)
    numbers = {path: number.value for path, number in chip.quantities() if number.value}
    paths = data.draw(st.lists(st.sampled_from(sorted(numbers)), min_size=1, max_size=4, unique=True))
    factor = st.floats(-3.0, 3.0).map(lambda power: float(10.0**power))
    varied = {
        path: numbers[path] * np.array(data.draw(st.lists(factor, min_size=5, max_size=5))) for path in paths
    }
    found = cost_on_variants(one_utterance(recipe), chip, varied=varied)
    for idx in range(5):
        assert_equal_bit_for_bit(found, idx, on_chip(single_estimate(recipe), variant(chip, varied, idx)))


def test_chunks_cost_what_all_do_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    varied = {"levels.sram.size_bytes": np.geomspace(1e4, 1e8, 7), "units.array.clock_hz": np.full(7, 1e9)}
    whole = cost_on_variants(one_utterance("w8a8"), load_chip("npu-template"), varied=varied)
    assert len(set(whole.latency_s.nominal)) > 1
    monkeypatch.setattr(many_chips, "CHUNK_NUMBERS", 3 * one_utterance("w8a8").joined.n_rows * 2)
    chunked = cost_on_variants(one_utterance("w8a8"), load_chip("npu-template"), varied=varied)
    assert chunked.latency_s.high.tolist() == whole.latency_s.high.tolist()
    assert chunked.energy_j.low.tolist() == whole.energy_j.low.tolist()
    assert chunked.phase_latency_s.tolist() == whole.phase_latency_s.tolist()
    assert chunked.excess_bytes.tolist() == whole.excess_bytes.tolist()


def test_nothing_varied_is_the_chip_itself() -> None:
    found = cost_on_variants(one_utterance("w8a8"), CHIPS[0], varied={})
    assert_equal_bit_for_bit(found, 0, estimate(network("w8a8"), CHIPS[0], utterances=UTTERANCES[:1]))


def test_a_path_that_is_none_is_named_with_its_nearest() -> None:
    with pytest.raises(EdgeAsrError, match=r"energy\.static_power_w"):
        cost_on_variants(one_utterance("w8a8"), CHIPS[0], varied={"energy.static_power": np.ones(2)})


def test_paths_that_take_different_counts_are_named() -> None:
    varied = {"energy.static_power_w": np.ones(2), "energy.host_power_w": np.ones(3)}
    with pytest.raises(EdgeAsrError, match=r"static_power_w \(2,\), energy.host_power_w \(3,\)"):
        cost_on_variants(one_utterance("w8a8"), CHIPS[0], varied=varied)
