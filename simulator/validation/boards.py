"""What a board's model says of one network when only its other networks were measured on it.

A board of MLPerf Tiny has two networks, which cannot fix the rates of several op classes. So the rates are
counted from kernels or taken from published models of engines, and two numbers alone are the board's own: how
fast its units work at those rates (`units.*.speed`), and what it draws while it runs, static and with the
clock (`energy.static_power_w` and `energy.clock_j`, whose ratio stays). Here both are set from the networks
that are not predicted. A rate that several chips were fitted to together is fitted anew to the others.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hwmodels.chip import Chip
from hwmodels.op_table import Bools, Floats
from simulator.calibration.parameters import Parameter, power_paths, scaled
from simulator.validation.bench import Bench, Prediction
from simulator.validation.left_out import LeftOut
from simulator.validation.measured import Case

STEP = 0.1
"""Log step of the finite differences by which shared rates are fitted."""

MOST = math.log(20.0)
"""Largest log factor of a speed that is tried."""

HALVINGS = 24
"""Of the interval of log factors, to some 4e-7 of it."""


@dataclass(frozen=True, slots=True)
class Sibling:
    """Another measured chip, with its cases."""

    chip: Chip
    cases: tuple[Case, ...]


def speed(chip: Chip) -> Parameter | None:
    """Return the fitted speeds of a chip's units as one parameter, None where it has none."""
    paths = tuple(
        path
        for path, quantity in chip.quantities()
        if path.startswith("units.") and path.endswith(".speed") and quantity.kind == "fitted"
    )
    return Parameter("speed", paths) if paths else None


def shared_rates(chip: Chip, siblings: Sequence[Sibling]) -> tuple[Parameter, ...]:
    """Return the fitted rates that at least one sibling has as well: same path, value and source."""
    theirs = {(path, number) for sibling in siblings for path, number in sibling.chip.quantities()}
    return tuple(
        Parameter(path, (path,))
        for path, number in chip.quantities()
        if path.startswith("rates.") and number.kind == "fitted" and (path, number) in theirs
    )


def leave_network_out(chip: Chip, cases: Sequence[Case], siblings: Sequence[Sibling]) -> LeftOut | None:
    """Return each case as predicted without any case of its network.

    None where the chip has no fitted speed or no other network was measured on it. `siblings` are the other
    measured chips; those that share no fitted rate do not count.
    """
    pace = speed(chip)
    if pace is None or len({case.network for case in cases}) < 2:
        return None
    bench = Bench([(case.network, case.precision) for case in cases])
    chip = _with_rates_of(chip, siblings)
    networks = np.array([case.network for case in cases])
    found = {network: _without(chip, pace, cases, bench, networks != network) for network in set(networks)}
    return LeftOut.chosen([found[case.network] for case in cases])


def _without(chip: Chip, pace: Parameter, cases: Sequence[Case], bench: Bench, known: Bools) -> Prediction:
    """Return all cases after speed and power were set so that the known ones are met in the mean of logs."""
    measured_s = np.array([case.latency_s for case in cases])[known]
    energies = [case.energy_j for case in cases]
    measured_j = np.array([np.nan if value is None else value for value in energies])[known]

    chip = _at_pace(chip, pace, bench, measured_s, known)
    if np.isnan(measured_j).any():
        return bench.predict(chip)
    power = Parameter("power", power_paths(chip))

    def too_frugal(log: float) -> float:
        found = bench.predict(_times(chip, power, log)).energy_j.nominal[known]
        return -float(np.mean(np.log(found / measured_j)))

    return bench.predict(_times(chip, power, _root(too_frugal)))


def _at_pace(chip: Chip, pace: Parameter, bench: Bench, measured_s: Floats, known: Bools) -> Chip:
    """Return the chip at the speed that meets the known ones of a bench's cases in the mean of logs."""

    def too_slow(log: float) -> float:
        found = bench.predict(_times(chip, pace, log)).latency_s.nominal[known]
        return float(np.mean(np.log(found / measured_s)))

    return _times(chip, pace, _root(too_slow))


def _with_rates_of(chip: Chip, siblings: Sequence[Sibling]) -> Chip:
    """Return the chip with its shared rates fitted to its siblings' cases, together with their speeds."""
    shared = shared_rates(chip, siblings)
    paces = [(each, speed(each.chip)) for each in siblings if shared_rates(chip, (each,)) == shared]
    mine = [(each, pace) for each, pace in paces if pace is not None]
    if not shared or not mine:
        return chip
    benches = [Bench([(case.network, case.precision) for case in each.cases]) for each, _ in mine]

    def shape(logs: Floats) -> Floats:
        parts = []
        for (each, pace), bench in zip(mine, benches, strict=True):
            moved = scaled(each.chip, shared, factors=tuple(math.exp(log) for log in logs))
            measured_s = np.array([case.latency_s for case in each.cases])
            moved = _at_pace(moved, pace, bench, measured_s, np.ones(len(measured_s), dtype=bool))
            parts.append(np.log(bench.predict(moved).latency_s.nominal / measured_s))
        return np.concatenate(parts)

    start = shape(np.zeros(len(shared)))
    slopes = [(shape(STEP * row) - shape(-STEP * row)) / (2 * STEP) for row in np.eye(len(shared))]
    logs = -np.linalg.lstsq(np.stack(slopes, axis=1), start, rcond=None)[0]
    return scaled(chip, shared, factors=tuple(math.exp(log) for log in logs))


def _times(chip: Chip, parameter: Parameter, log: float) -> Chip:
    return scaled(chip, (parameter,), factors=(math.exp(log),))


def _root(falling: Callable[[float], float]) -> float:
    """Return where a falling function is zero, by halving an interval."""
    low, high = -MOST, MOST
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return (low + high) / 2
