"""`edgeasr chips`: the chip library."""

from typing import Annotated

import typer

from edgeasr.cli.output import Format, FormatOption, OutputOption, show

app = typer.Typer(
    help="List the chips, or show one with the source of every number.", invoke_without_command=True
)


@app.callback()
def chips(context: typer.Context, format_: FormatOption = Format.TABLE, output: OutputOption = None) -> None:
    """List the chips of the library."""
    if context.invoked_subcommand is None:
        from reports.listings import chip_listings

        show(chip_listings(), format_, output=output)


@app.command("show")
def show_chip(
    name: Annotated[str, typer.Argument(help="A chip of the library, or the path of a chip file.")],
    override: Annotated[
        list[str] | None, typer.Option("--set", help="Choose a number: levels.sram.size_bytes=2MiB.")
    ] = None,
    format_: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Show every number of a chip with its unit, kind, source and range; tables begin with a summary.

    The summary has the least trustworthy kind of number and, of chips of the library, the error against what
    was measured on them.
    """
    from hwmodels.chip_file import apply_overrides, chip_names, load_chip
    from reports.chip_rows import provenance_rows
    from reports.chip_summary import chip_summary

    chip = apply_overrides(load_chip(name), tuple(override or ()))
    if format_ is Format.TABLE and output is None:
        show((chip_summary(chip, shipped=name in chip_names() and not override),), format_, output=None)
    show(provenance_rows(chip), format_, output=output)
