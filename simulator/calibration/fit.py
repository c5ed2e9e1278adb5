"""Least squares on log latency (and log energy): the factors of a few parameters."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hwmodels.chip import Chip
from hwmodels.op_table import Bools, Floats
from simulator.calibration.least_squares import fitted_logs, is_at_bound, slopes_at, standard_errors
from simulator.calibration.parameters import MOST, SCALE_HIGH, Parameter, refitted, scaled
from simulator.validation.bench import Bench
from simulator.validation.measured import Case
from traces.errors import EdgeAsrError

INSENSITIVE = 1e-3
"""Largest change of any row's log latency or energy per log factor below which a row depends on nothing."""

COVERED = 0.9
"""Share of the fitted rows that the ranges of the fitted numbers are to cover."""

UNTESTED = math.log(1.2)
"""Log range of a number that no row is left to test: the largest mean error of a chip of the library on
networks left out of its fit is 19 % (`validation/shipped.csv`)."""


@dataclass(frozen=True, slots=True)
class FittedParameter:
    """A parameter after the fit: its factor, and the standard error of the factor's logarithm.

    `spread` is the log range given to its numbers.
    """

    parameter: Parameter
    factor: float
    log_error: float
    at_bound: bool
    spread: float


@dataclass(frozen=True, slots=True)
class Fit:
    """A calibrated chip. Residuals are log(predicted / measured), in the order of the cases.

    `unused` are parameters that no row depends on.
    """

    chip: Chip
    cases: tuple[Case, ...]
    parameters: tuple[FittedParameter, ...]
    unused: tuple[str, ...]
    latency_residuals: tuple[float, ...]
    energy_residuals: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """A fitted parameter as shown; `mape` is that of all rows of the chips it is in, after the fit."""

    parameter: str
    numbers: str
    factor: float
    log_error: float
    at_bound: bool
    n_rows: int
    mape: float


def summary(fits: Sequence[Fit]) -> tuple[ParameterRow, ...]:
    """Return a row per fitted parameter of chips fitted together, over the chips it is in."""
    found: dict[str, list[tuple[FittedParameter, Fit]]] = {}
    for each in fits:
        for fitted in each.parameters:
            found.setdefault(fitted.parameter.name, []).append((fitted, each))
    rows = []
    for name, parts in found.items():
        first, _ = parts[0]
        residuals = np.concatenate([part.latency_residuals for _, part in parts])
        rows.append(
            ParameterRow(
                name,
                ", ".join(first.parameter.paths),
                first.factor,
                first.log_error,
                first.at_bound,
                len(residuals),
                float(np.mean(np.abs(np.expm1(residuals)))),
            )
        )
    return tuple(rows)


def fit(
    chip: Chip,
    cases: Sequence[Case],
    *,
    parameters: Sequence[Parameter],
    bench: Bench,
) -> Fit:
    """Return the chip with the parameters' factors that fit the cases best.

    `bench` holds the cases' jobs in their order. The loss is Huber's with a corner at 20 %, so that one row
    the model has no account of does not move all the others.

    Raises:
        EdgeAsrError: if there are fewer measured numbers than parameters, or more than five parameters.
    """
    target = _Target(chip, cases, bench)
    used, unused = target.sensitive(tuple(parameters))
    if len(used) > MOST:
        raise EdgeAsrError(f"chip {chip.name}: {len(used)} parameters are too many; name at most {MOST}")
    if target.n_numbers < len(used):
        raise EdgeAsrError(
            f"chip {chip.name}: {target.n_numbers} measured numbers cannot fix {len(used)} parameters "
            f"({', '.join(each.name for each in used)}); measure more networks or name fewer with --fit"
        )
    logs, errors = target.solve(used)
    factors = tuple(float(math.exp(value)) for value in logs)
    latency, energy = target.residuals(scaled(chip, used, factors=factors))
    spreads = _spreads([target.moved(each) for each in used], latency, energy, errors)
    fitted = refitted(chip, used, factors=factors, spreads=spreads, n_rows=len(cases))
    return Fit(
        chip=fitted,
        cases=tuple(cases),
        parameters=tuple(
            FittedParameter(each, factor, float(error), is_at_bound(float(at)), spread)
            for each, factor, error, at, spread in zip(used, factors, errors, logs, spreads, strict=True)
        ),
        unused=tuple(each.name for each in unused),
        latency_residuals=tuple(float(value) for value in latency),
        energy_residuals=tuple(None if math.isnan(value) else float(value) for value in energy),
    )


def spread_of(residuals: Floats, *, freedom: int, log_error: float = 0.0) -> float:
    """Return the log range of a number fitted to rows with these residuals: what covers most of them.

    Residuals of as many rows as parameters are zero and say nothing, so the range is never below `UNTESTED`,
    which falls as rows are left over: with their root, as the error of a mean does. `freedom` says how many.
    Nor is it below the number's own standard error, up to what a fit may move it by.
    """
    covering = float(np.quantile(np.abs(residuals), COVERED)) if len(residuals) else 0.0
    return max(covering, UNTESTED / math.sqrt(1 + max(freedom, 0)), min(log_error, math.log(SCALE_HIGH)))


def _spreads(
    moved: Sequence[tuple[Bools, Bools]], latency: Floats, energy: Floats, errors: Floats
) -> tuple[float, ...]:
    """Return each parameter's log range, from the latencies it moves, or the energies if it moves no latency.

    `moved`: per parameter, which latencies and which energies depend on it, (cases,) each; `errors`: the
    standard error of each parameter's log factor.
    """
    of_time = [bool(slower.any()) for slower, _ in moved]
    spreads = []
    for (slower, costlier), is_time, error in zip(moved, of_time, errors.tolist(), strict=True):
        own = latency[slower] if is_time else energy[costlier]
        spreads.append(spread_of(own, freedom=len(own) - of_time.count(is_time), log_error=error))
    return tuple(spreads)


class _Target:
    """The measured numbers, and how far a chip is from them."""

    def __init__(self, chip: Chip, cases: Sequence[Case], bench: Bench) -> None:
        self._chip, self._bench = chip, bench
        self._latency_s = np.array([case.latency_s for case in cases])
        self._energy_j = np.array([np.nan if case.energy_j is None else case.energy_j for case in cases])

    @property
    def n_numbers(self) -> int:
        """How many latencies and energies were measured."""
        return len(self._latency_s) + int(np.isfinite(self._energy_j).sum())

    def residuals(self, chip: Chip) -> tuple[Floats, Floats]:
        """Return log(predicted / measured) of latency and energy: (cases,) each, NaN where not measured."""
        found = self._bench.predict(chip)
        return (
            np.log(found.latency_s.nominal / self._latency_s),
            np.log(np.maximum(found.energy_j.nominal, 1e-30) / self._energy_j),
        )

    def vector(self, parameters: tuple[Parameter, ...], logs: Floats) -> Floats:
        """Return all residuals at some log factors in one array."""
        factors = tuple(float(math.exp(value)) for value in logs)
        latency, energy = self.residuals(scaled(self._chip, parameters, factors=factors))
        return np.concatenate((latency, energy[np.isfinite(self._energy_j)]))

    def moved(self, parameter: Parameter) -> tuple[Bools, Bools]:
        """Return which measured latencies and energies depend on a parameter: (cases,) each."""
        step = 0.1
        before = self.residuals(self._chip)
        after = self.residuals(scaled(self._chip, (parameter,), factors=(math.exp(step),)))
        by_time, by_energy = (np.abs(new - old) / step for new, old in zip(after, before, strict=True))
        return by_time > INSENSITIVE, by_energy > INSENSITIVE

    def sensitive(
        self, parameters: tuple[Parameter, ...]
    ) -> tuple[tuple[Parameter, ...], tuple[Parameter, ...]]:
        """Return the parameters that some measured number depends on, and the others."""
        moved = [any(each.any() for each in self.moved(parameter)) for parameter in parameters]
        used = tuple(each for each, by in zip(parameters, moved, strict=True) if by)
        return used, tuple(each for each in parameters if each not in used)

    def solve(self, parameters: tuple[Parameter, ...]) -> tuple[Floats, Floats]:
        """Return the log factors and their standard errors: (parameters,) each."""
        if not parameters:
            return np.zeros(0), np.zeros(0)

        def residuals(points: Floats) -> Floats:
            return np.stack([self.vector(parameters, logs) for logs in points])

        everything = np.ones(self.n_numbers, dtype=bool)
        logs = fitted_logs(residuals, np.zeros(len(parameters)), kept=everything)
        return logs, standard_errors(slopes_at(residuals, logs), residuals(logs[None])[0])
