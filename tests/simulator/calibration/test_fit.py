"""Fits find the factors a chip was changed by, and say where they cannot be trusted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hwmodels.chip import Chip
from hwmodels.chip_file import load_chip
from simulator.calibration.calibrate import calibrate
from simulator.calibration.chip_document import save_chip
from simulator.calibration.fit import COVERED, UNTESTED, Fit, fit, spread_of
from simulator.calibration.parameters import chosen_parameters, default_parameters, scaled
from simulator.validation.bench import Bench
from simulator.validation.measured import Case
from traces.errors import EdgeAsrError
from traces.networks.store import Precision

JOBS = tuple(
    (network, Precision.W8A8)
    for network in ("mlperf-tiny-ic", "mlperf-tiny-vww", "mlperf-tiny-kws", "mlperf-tiny-ad", "resnet-18")
)
CORE = ("core=rates.*.per_cycle", "power=energy.static_power_w,energy.clock_j")


def measured_on(chip: Chip, *, with_energy: bool = True) -> list[Case]:
    found = Bench(JOBS).predict(chip)
    return [
        Case(chip.name, "", network, precision, float(found.latency_s.nominal[idx]),
             float(found.energy_j.nominal[idx]) if with_energy else None, 1)
        for idx, (network, precision) in enumerate(JOBS)
    ]  # fmt: skip


def test_a_fit_finds_the_factors_of_a_chip_it_has_not_seen() -> None:
    chip = load_chip("nucleo-l4r5zi")
    parameters = chosen_parameters(chip, CORE)
    truth = scaled(chip, parameters, factors=(1.5, 0.7))
    found = fit(chip, measured_on(truth), parameters=parameters, bench=Bench(JOBS))
    assert [each.factor for each in found.parameters] == pytest.approx([1.5, 0.7], rel=0.01)
    assert not any(each.at_bound for each in found.parameters)
    assert max(np.abs(found.latency_residuals)) < 0.01
    changed = dict(found.chip.quantities())["energy.static_power_w"]
    assert changed.kind == "fitted"
    assert changed.low <= changed.value <= changed.high
    assert "fitted to 5 measured rows" in changed.source


def test_a_fit_at_its_bound_is_told() -> None:
    chip = load_chip("nucleo-l4r5zi")
    parameters = chosen_parameters(chip, CORE)
    truth = scaled(chip, parameters, factors=(1.0, 10.0))
    power = fit(chip, measured_on(truth), parameters=parameters, bench=Bench(JOBS)).parameters[1]
    assert power.at_bound
    assert power.factor == pytest.approx(4.0, rel=1e-2)


def off_by(cases: list[Case], *, latency: float = 0.0, energy: float = 0.0) -> list[Case]:
    """Return the cases with every other number larger, the others smaller, by these log factors."""
    return [
        replace(
            case,
            latency_s=case.latency_s * float(np.exp(sign * latency)),
            energy_j=None if case.energy_j is None else case.energy_j * float(np.exp(sign * energy)),
        )
        for case, sign in zip(cases, (1, -1) * len(cases), strict=False)
    ]


def ranges(found: Fit) -> dict[str, float]:
    """Return the log range of each parameter's first number."""
    numbers = dict(found.chip.quantities())
    firsts = {each.parameter.name: numbers[each.parameter.paths[0]] for each in found.parameters}
    return {name: float(np.log(number.high / number.value)) for name, number in firsts.items()}


def test_ranges_come_from_the_residuals_of_what_a_parameter_moves() -> None:
    chip = load_chip("nucleo-l4r5zi")
    cases = off_by(measured_on(chip), latency=0.02, energy=1.0)
    found = fit(chip, cases, parameters=chosen_parameters(chip, CORE), bench=Bench(JOBS))
    energies = [abs(value) for value in found.energy_residuals if value is not None]
    assert ranges(found)["power"] == pytest.approx(np.quantile(energies, COVERED), rel=1e-6)
    assert ranges(found)["power"] > 0.8
    assert ranges(found)["core"] < 0.15
    assert [each.spread for each in found.parameters] == pytest.approx(list(ranges(found).values()))


def test_a_number_that_no_row_is_left_to_test_is_not_exact() -> None:
    chip = load_chip("nucleo-l4r5zi")
    one = fit(
        chip, measured_on(chip)[:1], parameters=chosen_parameters(chip, CORE[:1]), bench=Bench(JOBS[:1])
    )
    assert max(np.abs(one.latency_residuals)) < 1e-3
    assert ranges(one)["core"] == pytest.approx(UNTESTED)
    five = fit(chip, measured_on(chip), parameters=chosen_parameters(chip, CORE[:1]), bench=Bench(JOBS))
    assert ranges(five)["core"] == pytest.approx(UNTESTED / np.sqrt(5))


def test_many_rows_speak_for_themselves() -> None:
    off = np.linspace(-0.3, 0.3, 101)
    assert spread_of(off, freedom=96) == pytest.approx(0.27)
    assert spread_of(np.zeros(4), freedom=3) == pytest.approx(UNTESTED / 2)
    assert spread_of(np.zeros(1), freedom=-1) == pytest.approx(UNTESTED)


def test_a_number_that_rows_hardly_fix_is_as_wide_as_its_error_up_to_what_a_fit_may_move() -> None:
    assert spread_of(np.zeros(4), freedom=3, log_error=0.8) == pytest.approx(0.8)
    assert spread_of(np.zeros(4), freedom=3, log_error=250.0) == pytest.approx(np.log(4.0))


def test_what_no_row_depends_on_is_left_alone() -> None:
    chip = load_chip("nucleo-l4r5zi")
    found = fit(
        chip,
        measured_on(chip, with_energy=False),
        parameters=chosen_parameters(chip, CORE),
        bench=Bench(JOBS),
    )
    assert found.unused == ("power",)
    assert [each.parameter.name for each in found.parameters] == ["core"]


def test_fewer_numbers_than_parameters_are_a_mistake() -> None:
    chip = load_chip("nucleo-l4r5zi")
    rows = measured_on(chip, with_energy=False)[:1]
    parameters = chosen_parameters(chip, ("a=rates.dense-int8.per_cycle", "b=rates.dense-int8.fill_cycles"))
    with pytest.raises(EdgeAsrError, match=r"1 measured numbers cannot fix 2 parameters \(a, b\)"):
        fit(chip, rows, parameters=parameters, bench=Bench(JOBS[:1]))


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (("core",), "'core' names no parameter; write name=path"),
        (("core=rates.dens-*",), r"'rates.dens-\*' matches no number of chip nucleo-l4r5zi"),
        (tuple(f"p{idx}=rates.*.per_cycle" for idx in range(6)), "6 parameters are too many"),
    ],
)
def test_mistakes_in_parameters(texts: tuple[str, ...], message: str) -> None:
    with pytest.raises(EdgeAsrError, match=message):
        chosen_parameters(load_chip("nucleo-l4r5zi"), texts)


def test_default_parameters_are_named_after_what_they_are() -> None:
    names = [each.name for each in default_parameters(load_chip("hexagon-htp-v75"))]
    assert names[:4] == ["integer_rate", "float_rate", "vector_rate", "memory_bandwidth"]
    board = default_parameters(load_chip("nucleo-l4r5zi"))
    assert [each.name for each in board] == ["speed", "memory_bandwidth", "time_per_op", "power"]
    assert board[-1].paths == ("energy.static_power_w", "energy.clock_j")
    assert board[0].paths == ("units.core.speed",)


def test_the_chip_file_gives_the_fitted_chip(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    found = Bench(JOBS).predict(load_chip("nucleo-l4r5zi")).latency_s.nominal
    rows.write_text(
        "network,precision,latency_ms\n"
        + "".join(f"{job[0]},{job[1]},{2e3 * t}\n" for job, t in zip(JOBS, found, strict=True))
    )
    chosen = ("core=rates.*.per_cycle", "flash=levels.flash.bandwidth_bytes_per_s")
    result = calibrate(load_chip("nucleo-l4r5zi"), rows, parameters=chosen)
    path = tmp_path / "slow.yaml"
    save_chip(result, path, inherit="nucleo-l4r5zi", measured=rows.name)
    before, after = (dict(load_chip(name).quantities()) for name in ("nucleo-l4r5zi", path))
    ratio = after["rates.dense-int8.per_cycle"].value / before["rates.dense-int8.per_cycle"].value
    assert ratio == pytest.approx(0.5, rel=0.1)
    assert after["rates.dense-int8.per_cycle"].kind == "fitted"
    head = path.read_text(encoding="utf-8")
    assert "# Fitted to 5 rows of rows.csv of this chip, least squares on log latency." in head
    assert "#   mlperf-tiny-ic w8a8: " in head


def test_rows_of_other_chips_alone_are_a_mistake(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("chip,network,precision,latency_ms\ngap9,mlperf-tiny-ic,w8a8,1\n")
    with pytest.raises(EdgeAsrError, match=r"no row is of chip nucleo-l4r5zi .* rows are of: gap9"):
        calibrate(load_chip("nucleo-l4r5zi"), rows)
