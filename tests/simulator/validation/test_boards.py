"""Speed and power from one network, shared rates from other boards, on measurements that chips made up."""

from dataclasses import replace

import pytest

from hwmodels.chip import Chip
from hwmodels.chip_file import load_chip
from simulator.calibration.parameters import Parameter, power_paths, scaled
from simulator.validation.bench import Bench
from simulator.validation.boards import Sibling, leave_network_out, shared_rates, speed
from simulator.validation.measured import Case
from traces.networks.store import Precision

JOBS = (("mlperf-tiny-ic", Precision.W8A8), ("mlperf-tiny-vww-live", Precision.W8A8))
BOARD, SIBLING = "nucleo-l4r5zi", "nucleo-u575zi"
DEPTHWISE = Parameter("depthwise", ("rates.depthwise-int8.per_cycle",))


def made_up(chip: Chip) -> tuple[Case, ...]:
    """Return what a chip would measure of itself."""
    found = Bench(JOBS).predict(chip)
    return tuple(
        Case(chip.name, "made up", name, precision, float(latency_s), float(energy_j), 1)
        for (name, precision), latency_s, energy_j in zip(
            JOBS, found.latency_s.nominal, found.energy_j.nominal, strict=True
        )
    )


def off(chip: Chip, **factors: float) -> Chip:
    """Return a chip with its own speed or power, or the shared rate, multiplied."""
    pace = speed(chip)
    assert pace is not None
    known = {"speed": pace, "power": Parameter("power", power_paths(chip)), "depthwise": DEPTHWISE}
    return scaled(chip, tuple(known[name] for name in factors), factors=tuple(factors.values()))


def test_one_network_sets_speed_and_power_for_the_other() -> None:
    chip = load_chip(BOARD)
    truth = made_up(off(chip, speed=0.7, power=2.0))
    found = leave_network_out(chip, truth, ())
    assert found is not None
    assert found.nominal_s == pytest.approx([case.latency_s for case in truth], rel=1e-6)
    assert found.energy_j == pytest.approx([case.energy_j for case in truth], rel=1e-6)
    assert (found.low_s < found.nominal_s).all()
    assert (found.energy_j < found.energy_high_j).all()


def test_what_is_predicted_has_no_part_in_it() -> None:
    chip = load_chip(BOARD)
    ic, vww = made_up(chip)
    right, wrong = (leave_network_out(chip, (ic, case), ()) for case in (vww, replace(vww, latency_s=9.0)))
    assert right is not None
    assert wrong is not None
    assert wrong.nominal_s[1] == right.nominal_s[1]
    assert wrong.nominal_s[0] > 10 * right.nominal_s[0]


def test_a_shared_rate_comes_from_the_siblings_alone() -> None:
    chip, sibling = load_chip(BOARD), load_chip(SIBLING)
    truth = made_up(off(chip, depthwise=1.3))
    siblings = (Sibling(sibling, made_up(off(sibling, depthwise=1.3, speed=0.5))),)
    alone, together = leave_network_out(chip, truth, ()), leave_network_out(chip, truth, siblings)
    assert alone is not None
    assert together is not None
    measured_s = [case.latency_s for case in truth]
    assert together.nominal_s == pytest.approx(measured_s, rel=0.01)
    assert alone.nominal_s != pytest.approx(measured_s, rel=0.03)


def test_which_rates_are_shared() -> None:
    boards = {name: Sibling(load_chip(name), ()) for name in (SIBLING, "ek-ra8d1", "gap9")}
    (shared,) = shared_rates(load_chip(BOARD), (boards[SIBLING],))
    assert shared.paths == DEPTHWISE.paths
    assert not shared_rates(load_chip(BOARD), (boards["ek-ra8d1"], boards["gap9"]))


def test_nothing_is_said_of_chips_without_a_speed_or_a_second_network() -> None:
    chip = load_chip(BOARD)
    assert leave_network_out(chip, made_up(chip)[:1], ()) is None
    assert leave_network_out(load_chip("hexagon-htp-v75"), made_up(chip), ()) is None
