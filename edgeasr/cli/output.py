"""The output options that every table command shares: data on stdout or in a file, talk on stderr."""

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from reports.table import Table


class Format(StrEnum):
    """How a table is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"
    MD = "md"


FormatOption = Annotated[
    Format,
    typer.Option("--format", help="Exact SI values in csv, json and parquet; readable ones otherwise."),
]
OutputOption = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")]


MOST_COLUMNS = 10
"""A single row of more columns is shown upright, a line per quantity."""


def show(
    rows: Sequence[object], format_: Format, *, output: Path | None, columns: tuple[str, ...] = ()
) -> None:
    """Write rows (frozen dataclasses) as a table to stdout, or to a file; all columns, or the named ones."""
    from reports.tables import table_of

    table = table_of(rows)
    show_table(table.only(columns) if columns else table, format_, output=output)


def show_table(table: "Table", format_: Format, *, output: Path | None) -> None:
    """Write a table to stdout, or to a file."""
    from reports.table import render, save, upright

    if format_ is Format.TABLE and len(table.rows) == 1 and len(table.columns) > MOST_COLUMNS:
        table = upright(table)
    if output is None:
        sys.stdout.write(render(table, format_))
    else:
        save(table, format_, path=output)


def tell(text: str) -> None:
    """Say something to the person at the terminal, not to the program that reads the data."""
    sys.stderr.write(f"{text}\n")
