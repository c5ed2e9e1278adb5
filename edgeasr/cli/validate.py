"""`edgeasr validate`: predicted against measured latency."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from edgeasr.cli.output import Format, FormatOption, OutputOption, show, tell


class By(StrEnum):
    """How finely the agreement is shown."""

    CHIP = "chip"
    PRECISION = "precision"
    MIX = "mix"
    CASE = "case"


_GROUPS = {By.CHIP: "chip and precision", By.PRECISION: "precision", By.MIX: "op mix"}


def validate(
    chip: Annotated[list[str] | None, typer.Option(help="A chip; may be repeated. All by default.")] = None,
    measured: Annotated[
        Path | None, typer.Option(help="A CSV file of measurements; the package's own by default.")
    ] = None,
    by: Annotated[By, typer.Option(help="Scores by chip, precision or op mix, or every case.")] = By.CHIP,
    report: Annotated[
        Path | None, typer.Option(help="Also write validation.md and validation.png to this folder.")
    ] = None,
    format_: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Compare predicted with measured latencies, beside three simpler models fitted to the same rows."""
    from simulator.validation.measured import SHIPPED, load_measured
    from simulator.validation.summary import summarise
    from simulator.validation.validate import validate as validate_

    rows = validate_(load_measured(measured or SHIPPED), chips=tuple(chip or ()), report=tell)
    show(rows if by is By.CASE else summarise(rows, _GROUPS[by]), format_, output=output)
    if report is not None:
        from reports.validation.before import before_section
        from reports.validation.save import save_validation
        from simulator.validation.predicted_before import foretold

        save_validation(rows, report, more="\n" + before_section(foretold()) + _agreement())
        tell(f"report: {report / 'validation.md'}")


def _agreement() -> str:
    from reports.validation.agreement import agreement_section
    from simulator.agreement.vela import network_agreement, op_agreement
    from simulator.agreement.zigzag import product_agreement

    return "\n" + agreement_section(op_agreement(), network_agreement(), products=product_agreement())
