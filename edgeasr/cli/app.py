"""The `edgeasr` command: its subcommands, and how a mistake is answered."""

import sys
from collections.abc import Callable

import typer

from edgeasr.cli import (
    agree,
    bits,
    bottleneck,
    calibrate,
    chips,
    diff,
    estimate,
    evaluate,
    models,
    quantize,
    recipes,
    report,
    study,
    sweep,
    trace,
    validate,
)
from traces.errors import EdgeAsrError

app = typer.Typer(
    name="edgeasr",
    help="Cost, word error rate and bit-width of speech recognisers on edge chips.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
COMMANDS: dict[str, Callable[..., None] | typer.Typer] = {
    "study": study.study,
    "estimate": estimate.estimate,
    "bottleneck": bottleneck.bottleneck,
    "sweep": sweep.sweep,
    "bits": bits.bits,
    "diff": diff.diff,
    "evaluate": evaluate.evaluate,
    "quantize": quantize.quantize,
    "trace": trace.trace,
    "chips": chips.app,
    "models": models.models,
    "recipes": recipes.recipes,
    "report": report.report,
    "validate": validate.validate,
    "agree": agree.agree,
    "calibrate": calibrate.calibrate,
}
"""Every subcommand, in the order of the help text."""

for name, command in COMMANDS.items():
    if isinstance(command, typer.Typer):
        app.add_typer(command, name=name)
    else:
        app.command(name)(command)


def main() -> None:
    """Run the command line: exit 0 when fine, 1 for a mistake, 2 for wrong usage, 130 when interrupted."""
    try:
        app()
    except EdgeAsrError as error:
        sys.stderr.write(f"edgeasr: {error}\n")
        sys.exit(1)
