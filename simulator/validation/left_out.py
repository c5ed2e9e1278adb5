"""What a model says of a network that none of its numbers has seen.

Where a chip has many more measured networks than fitted numbers, every number of kind fitted is fitted anew
without the network. Where it has two, as a microcontroller board in MLPerf Tiny, one row cannot fix the rates
of several op classes: their ratios then come from other chips with the same kind of core, and the board's
other row sets the speed. Of anything in between, nothing is said.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hwmodels.chip import Chip
from hwmodels.op_table import Floats
from simulator.calibration.parameters import SCALE_HIGH, Parameter, scaled
from simulator.validation.bench import Bench
from simulator.validation.measured import Case

ROWS_PER_NUMBER = 1.5
"""Fewest rows beside the network left out, per fitted number, for a fit to be made."""

STEP = 0.05
"""Log step of the finite differences: times are maxima of terms, whose derivatives jump."""

RIDGE = 1e-2
"""Pull towards the shipped value, against one row's unit weight, of numbers that no remaining row fixes."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Seconds and joules per case: (cases,) each, NaN where nothing can be said."""

    nominal_s: Floats
    low_s: Floats
    high_s: Floats
    energy_j: Floats


def leave_one_network_out(chip: Chip, cases: Sequence[Case], siblings: Sequence[Chip]) -> LeftOut:
    """Return each case as predicted without any case of its network.

    `siblings` are other measured chips with the same kind of core, whose files never saw this one's rows.
    """
    parameters = fitted_parameters(chip)
    if len(cases) >= 3 and len(cases) >= ROWS_PER_NUMBER * len(parameters):
        return _refitted(chip, cases, parameters)
    return _from_siblings(cases, siblings)


def fitted_parameters(chip: Chip) -> tuple[Parameter, ...]:
    """Return the numbers of kind fitted that latency depends on; those of one name and value are one."""
    groups: dict[tuple[str, float], list[str]] = {}
    for path, quantity in chip.quantities():
        if quantity.kind == "fitted" and quantity.value > 0 and not path.startswith("energy"):
            groups.setdefault((path.rsplit(".", 1)[-1], quantity.value), []).append(path)
    return tuple(Parameter(paths[0], tuple(paths)) for paths in groups.values())


def _refitted(chip: Chip, cases: Sequence[Case], parameters: tuple[Parameter, ...]) -> LeftOut:
    """Return predictions after a Gauss-Newton step on the rows of the other networks.

    In the linear model around the shipped numbers the step's result does not depend on where it starts, so
    what the network left out had pulled the shipped numbers to is undone; steps that do not lower the loss
    are halved.
    """
    bench = Bench([(case.network, case.precision) for case in cases])
    measured = np.log([case.latency_s for case in cases])

    def residuals(logs: Floats) -> Floats:
        found: Floats = np.log(bench.predict(_moved(chip, parameters, logs)).latency_s.nominal) - measured
        return found

    start = residuals(np.zeros(len(parameters)))
    slopes = np.stack(
        [(residuals(STEP * row) - residuals(-STEP * row)) / (2 * STEP) for row in np.eye(len(parameters))],
        axis=1,
    )
    columns = [np.full(len(cases), np.nan) for _ in range(4)]
    for network in {case.network for case in cases}:
        held = np.array([case.network == network for case in cases])
        logs = _step(slopes[~held], start[~held])
        for _ in range(4):
            if _loss(residuals(logs)[~held]) <= _loss(start[~held]):
                break
            logs = logs / 2
        found = bench.predict(_moved(chip, parameters, logs))
        values = (found.latency_s.nominal, found.latency_s.low, found.latency_s.high, found.energy_j.nominal)
        for column, value in zip(columns, values, strict=True):
            column[held] = value[held]
    return LeftOut(*columns)


def _moved(chip: Chip, parameters: tuple[Parameter, ...], logs: Floats) -> Chip:
    return scaled(chip, parameters, tuple(float(math.exp(value)) for value in logs))


def _step(slopes: Floats, start: Floats) -> Floats:
    """Return the Gauss-Newton step under Huber's weights: rows off by more than 20 % count less."""
    weights = np.minimum(1.0, math.log(1.2) / np.maximum(np.abs(start), 1e-9))
    normal = slopes.T @ (weights[:, None] * slopes) + RIDGE * np.eye(slopes.shape[1])
    found: Floats = np.clip(
        -np.linalg.solve(normal, slopes.T @ (weights * start)), -math.log(SCALE_HIGH), math.log(SCALE_HIGH)
    )
    return found


def _loss(residuals: Floats) -> float:
    corner, off = math.log(1.2), np.abs(residuals)
    return float(np.sum(np.where(off <= corner, off**2 / 2, corner * (off - corner / 2))))


def _from_siblings(cases: Sequence[Case], siblings: Sequence[Chip]) -> LeftOut:
    """Return predictions whose shape is the siblings' (their median) and whose scale the other rows'."""
    nothing = np.full(len(cases), np.nan)
    if not siblings or len({case.network for case in cases}) < 2:
        return LeftOut(nothing, nothing, nothing, nothing)
    bench = Bench([(case.network, case.precision) for case in cases])
    found = [bench.predict(chip) for chip in siblings]
    latency = _typical_shape([each.latency_s.nominal for each in found])
    energy = _typical_shape([np.maximum(each.energy_j.nominal, 1e-30) for each in found])
    measured_s = np.log([case.latency_s for case in cases])
    measured_j = np.log([np.nan if case.energy_j is None else case.energy_j for case in cases])
    nominal_s, energy_j = _rescaled(cases, latency, measured_s), _rescaled(cases, energy, measured_j)
    return LeftOut(nominal_s, nothing, nothing, energy_j)


def _typical_shape(values: Sequence[Floats]) -> Floats:
    """Return the median over chips of log values, each chip's own level taken out: (cases,)."""
    logs = [np.log(each) for each in values]
    shape: Floats = np.median([each - each.mean() for each in logs], axis=0)
    return shape


def _rescaled(cases: Sequence[Case], shape: Floats, measured: Floats) -> Floats:
    """Return exp(shape), moved for each network by the mean offset of the cases of all others."""
    networks = np.array([case.network for case in cases])
    offsets = measured - shape
    return np.array(
        [math.exp(shape[idx] + offsets[networks != networks[idx]].mean()) for idx in range(len(cases))]
    )
