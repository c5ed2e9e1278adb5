"""Chips fitted together: a number that several of their files share moves in all of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hwmodels.chip import Chip
from hwmodels.op_table import Bools, Floats
from hwmodels.quantity import Quantity
from hwmodels.variants import with_varied
from simulator.calibration.least_squares import fitted_logs, slopes_at
from simulator.calibration.parameters import Parameter, scaled
from simulator.validation.bench import Bench
from simulator.validation.measured import Case


@dataclass(frozen=True, slots=True)
class CommonParameter:
    """A fitted quantity and where it stands: for each chip, in order, the key paths of its numbers."""

    name: str
    paths: tuple[tuple[str, ...], ...]

    def of(self, chip_idx: int) -> Parameter:
        """Return what it is in one chip's file; without paths where it has no part in it."""
        return Parameter(self.name, self.paths[chip_idx])

    @property
    def owner(self) -> int | None:
        """The index of the only chip that has it, None where several do."""
        having = [idx for idx, paths in enumerate(self.paths) if paths]
        return having[0] if len(having) == 1 else None


def is_fitted(path: str, number: Quantity) -> bool:
    """Return whether a number was fitted to latencies."""
    return number.kind == "fitted" and number.value > 0 and not path.startswith("energy")


def common_parameters(chips: Sequence[Chip]) -> tuple[CommonParameter, ...]:
    """Return the fitted numbers that latency depends on; those of one name, value and source are one."""
    groups: dict[tuple[str, float, str], list[list[str]]] = {}
    for idx, chip in enumerate(chips):
        for path, number in chip.quantities():
            if is_fitted(path, number):
                key = (path.rsplit(".", 1)[-1], number.value, number.source)
                groups.setdefault(key, [[] for _ in chips])[idx].append(path)
    return tuple(_named(chips, paths) for paths in groups.values())


def _named(chips: Sequence[Chip], paths: list[list[str]]) -> CommonParameter:
    having = [idx for idx, each in enumerate(paths) if each]
    first = paths[having[0]][0]
    name = f"{chips[having[0]].name} {first}" if len(having) == 1 < len(chips) else first
    return CommonParameter(name, tuple(tuple(each) for each in paths))


class Together:
    """Some chips with their measured cases, as a function of the log factors of their fitted numbers."""

    def __init__(self, chips: Sequence[Chip], cases: Sequence[Case]) -> None:
        self.chips, self.cases = tuple(chips), tuple(cases)
        self.parameters = common_parameters(chips)
        names = np.array([case.chip for case in cases])
        self._rows = [np.flatnonzero(names == chip.name) for chip in chips]
        self._benches = [
            Bench([(case.network, case.precision) for case in cases if case.chip == chip.name])
            for chip in chips
        ]
        self._measured = np.log([case.latency_s for case in cases])

    def residuals(self, logs: Floats) -> Floats:
        """Return log(predicted / measured) at several points: (points, parameters) -> (points, cases)."""
        found = np.empty((len(logs), len(self.cases)))
        for idx, (chip, rows, bench) in enumerate(zip(self.chips, self._rows, self._benches, strict=True)):
            numbers = dict(chip.quantities())
            mine = [column for column, each in enumerate(self.parameters) if each.paths[idx]]
            distinct, inverse = np.unique(logs[:, mine], axis=0, return_inverse=True)
            varied = {
                path: numbers[path].value * np.exp(distinct[:, place])
                for place, column in enumerate(mine)
                for path in self.parameters[column].paths[idx]
            }
            latency_s = np.broadcast_to(
                bench.nominal_s(with_varied(chip, varied)), (len(distinct), len(rows))
            )
            found[:, rows] = np.log(latency_s)[inverse.ravel()]
        return found - self._measured

    def slopes(self, logs: Floats) -> Floats:
        """Return the change of every residual per log factor: (cases, parameters)."""
        return slopes_at(self.residuals, logs)

    def fit(self, kept: Bools, start: Floats) -> Floats:
        """Return the log factors that fit the kept cases best, from `start` on: (parameters,)."""
        return fitted_logs(self.residuals, start, kept=kept)

    def chips_at(self, logs: Floats) -> tuple[Chip, ...]:
        """Return the chips with their fitted numbers, and the ranges of these, moved."""
        return tuple(
            scaled(
                chip, tuple(each.of(idx) for each in self.parameters), factors=tuple(np.exp(logs).tolist())
            )
            for idx, chip in enumerate(self.chips)
        )
