"""Calibration of one chip, or of several at once, from a file of measured rows."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hwmodels.chip import Chip
from simulator.calibration.fit import Fit, FittedParameter, fit, spread_of
from simulator.calibration.least_squares import is_at_bound, standard_errors
from simulator.calibration.parameters import MOST, chosen_parameters, default_parameters, refitted
from simulator.calibration.together import Together
from simulator.validation.bench import Bench
from simulator.validation.measured import Case, cases, load_measured
from traces.errors import EdgeAsrError


def calibrate(chip: Chip, measured: Path, *, parameters: tuple[str, ...] = ()) -> Fit:
    """Return a chip fitted to the rows of a file that are of it, or that name no chip.

    `parameters` as `name=path,path`; without any, the chip's default ones.

    Raises:
        EdgeAsrError: if a row or a parameter is malformed, no row is of the chip, or rows are fewer than
            parameters.
    """
    rows = load_measured(measured)
    mine = cases([row for row in rows if row.chip in ("", chip.name)])
    if not mine:
        others = ", ".join(sorted({row.chip for row in rows}))
        raise EdgeAsrError(
            f"{measured}: no row is of chip {chip.name} alone on its accelerator; rows are of: {others}"
        )
    chosen = chosen_parameters(chip, parameters) if parameters else default_parameters(chip)[:MOST]
    return fit(chip, mine, parameters=chosen, bench=Bench([(case.network, case.precision) for case in mine]))


def calibrate_together(chips: Sequence[Chip], measured: Path) -> tuple[Fit, ...]:
    """Return several chips fitted at once to their rows of a file: every number of kind fitted, anew.

    What has one value and one source in several files is one number, and moves in all of them.

    Raises:
        EdgeAsrError: if a row is malformed, a chip has no row, nothing is marked as fitted, or there are more
            numbers than rows, or than five that are one chip's own.
    """
    names = [chip.name for chip in chips]
    mine = cases([row for row in load_measured(measured) if row.chip in names])
    unmeasured = [name for name in names if name not in {case.chip for case in mine}]
    if unmeasured:
        raise EdgeAsrError(f"{measured}: no row is of {', '.join(unmeasured)} alone on its accelerator")
    together = Together(chips, mine)
    n = len(together.parameters)
    if not n:
        raise EdgeAsrError(
            f"no number of {', '.join(names)} is of kind fitted; mark those that are to be fitted"
        )
    own = max(sum(each.owner == idx for each in together.parameters) for idx in range(len(chips)))
    if n > len(mine) or (own > MOST and len(chips) > 1):
        raise EdgeAsrError(
            f"{n} fitted numbers, {own} of them one chip's own, are too many for {len(mine)} measured cases "
            f"and {MOST} of a chip's own; mark some as assumed, or name more chips"
        )
    logs = together.fit(np.ones(len(mine), dtype=bool), np.zeros(n))
    slopes, off = together.slopes(logs), together.residuals(logs[None])[0]
    errors = standard_errors(slopes, off)
    factors = np.exp(logs)

    def of_chip(idx: int, chip: Chip) -> Fit:
        rows = [row for row, case in enumerate(mine) if case.chip == chip.name]
        chosen = [column for column, each in enumerate(together.parameters) if each.paths[idx]]
        used = tuple(together.parameters[column].of(idx) for column in chosen)
        spread = spread_of(off[rows], freedom=len(mine) - n)
        scale = tuple(float(factors[column]) for column in chosen)
        return Fit(
            chip=refitted(chip, used, factors=scale, spreads=(spread,) * len(used), n_rows=len(mine)),
            cases=_of(mine, rows),
            parameters=tuple(
                FittedParameter(each, factor, float(errors[column]), is_at_bound(float(logs[column])), spread)
                for each, factor, column in zip(used, scale, chosen, strict=True)
            ),
            unused=(),
            latency_residuals=tuple(off[rows].tolist()),
            energy_residuals=(None,) * len(rows),
        )

    return tuple(of_chip(idx, chip) for idx, chip in enumerate(chips))


def _of(mine: tuple[Case, ...], rows: list[int]) -> tuple[Case, ...]:
    return tuple(mine[row] for row in rows)
