"""`edgeasr models`: the recognisers that can be costed, and those that can be measured."""

from edgeasr.cli.output import Format, FormatOption, OutputOption, show


def models(format_: FormatOption = Format.TABLE, output: OutputOption = None) -> None:
    """List the recognisers by name: parameters, MACs, and where their weights come from."""
    from reports.listings import model_listings

    show(model_listings(), format_, output=output)
