"""What a model says of a network that none of its numbers has seen.

Where a chip has many more measured networks than fitted numbers, every number of kind fitted is fitted anew
without the network. Where it has fewer, nothing is said here; see `boards` for those with two.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hwmodels.chip import Chip
from hwmodels.op_table import Floats
from simulator.calibration.parameters import SCALE_HIGH, Parameter, scaled
from simulator.validation.bench import Bench, Prediction
from simulator.validation.measured import Case

ROWS_PER_NUMBER = 1.5
"""Fewest rows beside the network left out, per fitted number, for a fit to be made."""

STEP = 0.05
"""Log step of the finite differences: times are maxima of terms, whose derivatives jump."""

RIDGE = 1e-2
"""Pull towards the shipped value, against one row's unit weight, of numbers that no remaining row fixes."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Seconds and joules per case: (cases,) each."""

    nominal_s: Floats
    low_s: Floats
    high_s: Floats
    energy_j: Floats
    energy_low_j: Floats
    energy_high_j: Floats

    @staticmethod
    def chosen(predictions: Sequence[Prediction]) -> "LeftOut":
        """Return of each prediction of all cases the case it was made for: prediction i is for case i."""

        def own(arrays: Sequence[Floats]) -> Floats:
            return np.array([values[idx] for idx, values in enumerate(arrays)])

        latencies = [each.latency_s for each in predictions]
        energies = [each.energy_j for each in predictions]
        return LeftOut(
            own([each.nominal for each in latencies]),
            own([each.low for each in latencies]),
            own([each.high for each in latencies]),
            own([each.nominal for each in energies]),
            own([each.low for each in energies]),
            own([each.high for each in energies]),
        )


def leave_one_network_out(chip: Chip, cases: Sequence[Case]) -> LeftOut | None:
    """Return each case as predicted without any case of its network; None where too few are left to fit."""
    parameters = fitted_parameters(chip)
    if len(cases) < 3 or len(cases) < ROWS_PER_NUMBER * len(parameters):
        return None
    return _refitted(chip, cases, parameters)


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
    found: dict[str, Prediction] = {}
    for network in {case.network for case in cases}:
        held = np.array([case.network == network for case in cases])
        logs = _step(slopes[~held], start[~held])
        for _ in range(4):
            if _loss(residuals(logs)[~held]) <= _loss(start[~held]):
                break
            logs = logs / 2
        found[network] = bench.predict(_moved(chip, parameters, logs))
    return LeftOut.chosen([found[case.network] for case in cases])


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
