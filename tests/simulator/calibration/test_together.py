"""Chips fitted at once: shared numbers are one, own numbers are own, and what made the rows is found."""

from pathlib import Path

import numpy as np
import pytest

from hwmodels.chip_file import load_chip
from hwmodels.op_table import Floats
from simulator.calibration.calibrate import calibrate_together
from simulator.calibration.together import Together, common_parameters
from simulator.validation.bench import Bench
from simulator.validation.measured import Case
from traces.errors import EdgeAsrError
from traces.networks.store import Precision

NAMES = ("hexagon-htp-v75", "hexagon-htp-v79")
JOBS = tuple(
    (network, precision)
    for network in ("resnet-18", "mobilenet-v2", "levit-128s", "opus-mt-decoder", "vit-base", "segformer-b0")
    for precision in (Precision.FLOAT, Precision.W8A8)
)


def together(cases: list[Case] | None = None) -> Together:
    chips = [load_chip(name) for name in NAMES]
    placeholder = [Case(name, "", *job, 1.0, None, 1) for name in NAMES for job in JOBS]
    return Together(chips, cases or placeholder)


def made_up(logs: Floats) -> list[Case]:
    plain = together()
    latency_s = np.exp(plain.residuals(logs[None])[0])  # measured is one second
    return [
        Case(case.chip, "", case.network, case.precision, float(seconds), None, 1)
        for case, seconds in zip(plain.cases, latency_s, strict=True)
    ]


def test_what_files_share_is_one_number_and_a_clock_is_its_own() -> None:
    chips = [load_chip(name) for name in NAMES]
    found = {each.name: each for each in common_parameters(chips)}
    shared = found["rates.dense-int8.start_cycles"]
    assert shared.owner is None
    assert shared.paths[0] == shared.paths[1]
    clock = found["hexagon-htp-v79 units.hmx.clock_hz"]
    assert clock.owner == 1
    assert clock.paths == ((), ("units.hmx.clock_hz", "units.hvx.clock_hz"))


def test_many_points_at_once_are_what_the_bench_says_of_each() -> None:
    plain = together()
    logs = 0.2 * np.random.default_rng(0).standard_normal((3, len(plain.parameters)))
    found = plain.residuals(logs)
    for row, point in zip(found, logs, strict=True):
        expected = [Bench(JOBS).predict(chip).latency_s.nominal for chip in plain.chips_at(point)]
        assert np.exp(row) == pytest.approx(np.concatenate(expected))


def test_a_fit_finds_what_made_the_rows() -> None:
    plain = together()
    truth = 0.15 * np.sign(np.random.default_rng(1).standard_normal(len(plain.parameters)))
    mine = together(made_up(truth))
    everything = np.ones(len(mine.cases), dtype=bool)
    found = mine.fit(everything, np.zeros_like(truth))
    assert np.max(np.abs(mine.residuals(found[None]))) < 0.02
    clock = [each.name for each in mine.parameters].index("hexagon-htp-v79 units.hmx.clock_hz")
    assert found[clock] == pytest.approx(truth[clock], abs=0.03)


def test_rows_that_are_not_kept_have_no_say() -> None:
    cases = made_up(np.zeros(len(together().parameters)))
    spoilt = [
        Case(each.chip, "", each.network, each.precision, 2 * each.latency_s, None, 1)
        if each.network == "vit-base"
        else each
        for each in cases
    ]
    mine = together(spoilt)
    kept = np.array([each.network != "vit-base" for each in spoilt])
    start = np.zeros(len(mine.parameters))
    assert mine.fit(kept, start) == pytest.approx(start, abs=1e-6)
    assert np.max(np.abs(mine.fit(np.ones_like(kept), start))) > 0.01


def test_calibrated_chips_share_their_factors(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    lines = [
        f"{case.chip},{case.network},{case.precision},{1.2 * case.latency_s}"
        for case in made_up(np.zeros(len(together().parameters)))
    ]
    rows.write_text("\n".join(["chip,network,precision,latency_s", *lines]))
    first, second = calibrate_together([load_chip(name) for name in NAMES], rows)
    factors = [{each.parameter.name: each.factor for each in fit.parameters} for fit in (first, second)]
    shared = factors[0].keys() & factors[1].keys()
    assert len(shared) >= 5
    assert all(factors[0][name] == factors[1][name] for name in shared)
    assert max(np.abs(first.latency_residuals)) < 0.05
    number = dict(second.chip.quantities())["units.hmx.clock_hz"]
    assert number.low < number.value < number.high


def test_a_chip_without_rows_is_a_mistake(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("chip,network,precision,latency_s\nhexagon-htp-v75,vit-base,float,1\n")
    with pytest.raises(EdgeAsrError, match="no row is of hexagon-htp-v79 alone on its accelerator"):
        calibrate_together([load_chip(name) for name in NAMES], rows)
    with pytest.raises(EdgeAsrError, match=r"fitted numbers, .* are too many for 1 measured cases"):
        calibrate_together([load_chip("hexagon-htp-v75")], rows)
