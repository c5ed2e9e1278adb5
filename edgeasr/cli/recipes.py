"""`edgeasr recipes`: the quantization recipes that ship with the package."""

from edgeasr.cli.output import Format, FormatOption, OutputOption, show


def recipes(format_: FormatOption = Format.TABLE, output: OutputOption = None) -> None:
    """List the bundled recipes."""
    from reports.listings import recipe_listings

    show(recipe_listings(), format_, output=output)
