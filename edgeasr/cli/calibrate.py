"""`edgeasr calibrate`: a chip's few physical parameters, fitted to measured networks."""

from pathlib import Path
from typing import Annotated

import typer

from edgeasr.cli.output import Format, FormatOption, OutputOption, show, tell


def calibrate(
    chip: Annotated[str, typer.Argument(help="A chip of the library, or the path of a chip file.")],
    measured: Annotated[
        Path, typer.Option(help="CSV: network, precision, latency_s (or _ms, _us), energy_j (or _mj, _uj).")
    ],
    fit: Annotated[
        list[str] | None,
        typer.Option(help="A parameter: name=path,path over the chip's numbers; * matches. At most 5."),
    ] = None,
    save: Annotated[Path | None, typer.Option(help="The chip file to write; CHIP-fitted.yaml.")] = None,
    format_: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Fit a few parameters of a chip to measured latencies and energies, and write the chip file."""
    from hwmodels.chip_file import load_chip
    from simulator.calibration.calibrate import calibrate as calibrate_
    from simulator.calibration.chip_document import save_chip

    start = load_chip(chip)
    found = calibrate_(start, measured, parameters=tuple(fit or ()))
    target = save or Path(f"{start.name}-fitted.yaml")
    save_chip(found, target, inherit=chip, measured=measured.name)
    show(found.summary(), format_, output)
    for name in found.unused:
        tell(f"{name}: left as it was, since no row depends on it")
    for each in found.parameters:
        if each.at_bound:
            tell(f"{each.parameter.name}: at the bound of its fit ({each.factor:.3g} times); do not trust it")
    tell(f"chip file: {target}")
