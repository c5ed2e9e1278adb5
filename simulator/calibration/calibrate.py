"""Calibration of one chip from a file of measured rows."""

from pathlib import Path

from hwmodels.chip import Chip
from simulator.calibration.fit import Fit, fit
from simulator.calibration.parameters import MOST, chosen_parameters, default_parameters
from simulator.validation.bench import Bench
from simulator.validation.measured import cases, load_measured
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
    return fit(chip, mine, chosen, bench=Bench([(case.network, case.precision) for case in mine]))
