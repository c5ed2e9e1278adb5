"""The command reference in docs/commands.md, generated from the commands themselves."""

import os
from collections.abc import Iterator

WIDTH = 100
"""Columns of the help texts, so that they do not depend on the terminal."""


def reference() -> str:
    """Return the help text of every command as Markdown."""
    parts = ["# Commands\n\nGenerated from the commands' own help texts.\n"]
    for words, text in _helps():
        parts.append(f"## `{' '.join(words)}`\n\n```text\n{text.strip()}\n```\n")
    return "\n".join(parts)


def _helps() -> Iterator[tuple[tuple[str, ...], str]]:
    from typer.testing import CliRunner

    from edgeasr.cli.app import COMMANDS, app

    runner = CliRunner()
    environment = {**os.environ, "COLUMNS": str(WIDTH), "TERMINAL_WIDTH": str(WIDTH)}
    for words in ((), *((name,) for name in COMMANDS), ("chips", "show")):
        yield (
            ("edgeasr", *words),
            runner.invoke(app, [*words, "--help"], env=environment, prog_name="edgeasr").stdout,
        )
