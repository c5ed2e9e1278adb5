"""`edgeasr calibrate`: a chip's few physical parameters, fitted to measured networks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgeasr.cli.output import Format, FormatOption, OutputOption, show, tell
from traces.errors import EdgeAsrError

if TYPE_CHECKING:
    from simulator.calibration.fit import Fit


def calibrate(
    chip: Annotated[str, typer.Argument(help="A chip of the library, or the path of a chip file.")],
    measured: Annotated[
        Path, typer.Option(help="CSV: network, precision, latency_s (or _ms, _us), energy_j (or _mj, _uj).")
    ],
    fit: Annotated[
        list[str] | None,
        typer.Option(help="A parameter: name=path,path over the chip's numbers; * matches. At most 5."),
    ] = None,
    with_: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            help="A chip fitted at once: all numbers of kind fitted, those that files share as one. "
            "May be repeated.",
        ),
    ] = None,
    save: Annotated[
        Path | None, typer.Option(help="The chip file to write, of several their folder; CHIP-fitted.yaml.")
    ] = None,
    format_: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Fit a few parameters of a chip to measured latencies and energies, and write the chip file."""
    from hwmodels.chip_file import load_chip
    from simulator.calibration.calibrate import calibrate as calibrate_
    from simulator.calibration.calibrate import calibrate_together
    from simulator.calibration.chip_document import save_chip
    from simulator.calibration.fit import summary

    start = load_chip(chip)
    if not with_:
        found = calibrate_(start, measured, parameters=tuple(fit or ()))
        _tell_of(found)
        save_chip(found, save or Path(f"{start.name}-fitted.yaml"), inherit=chip, measured=measured.name)
        show(summary([found]), format_, output=output)
        tell(f"chip file: {save or Path(f'{start.name}-fitted.yaml')}")
        return
    if fit:
        raise EdgeAsrError(
            "--fit and --with: several chips are fitted in all numbers their files mark as fitted"
        )
    names = (chip, *with_)
    together = calibrate_together([load_chip(name) for name in names], measured)
    for name, each in zip(names, together, strict=True):
        _tell_of(each)
        target = (save or Path()) / f"{each.chip.name}-fitted.yaml"
        save_chip(each, target, inherit=name, measured=measured.name)
        tell(f"chip file: {target}")
    show(summary(together), format_, output=output)


def _tell_of(found: "Fit") -> None:
    for name in found.unused:
        tell(f"{name}: left as it was, since no row depends on it")
    for each in found.parameters:
        if each.at_bound:
            tell(f"{each.parameter.name}: at the bound of its fit ({each.factor:.3g} times); do not trust it")
