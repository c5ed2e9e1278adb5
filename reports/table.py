"""Every table the commands print: one value, and one function that renders it in any format."""

import csv
import io
import json
import shutil
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from reports.atomic import write_text
from reports.shown import heading, is_number, shown
from traces.errors import EdgeAsrError, unknown_name

if TYPE_CHECKING:
    import rich.table

Scalar = str | int | float | bool | None
"""What a cell may hold; quantities are in SI base units, None is "not known" or "not measured"."""

TableFormat = Literal["table", "csv", "json", "parquet", "md"]
FORMATS: tuple[TableFormat, ...] = get_args(TableFormat)

WIDTH_WITHOUT_TERMINAL = 200
"""Columns of a table that goes to a pipe: wide enough not to cut names."""


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns and rows of equal length; units are suffixes of the names, such as `latency_s`."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Scalar, ...], ...]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"a row of {len(row)} cells in a table of {len(self.columns)} columns")

    def only(self, columns: tuple[str, ...]) -> "Table":
        """Return the named columns in that order; a table without rows has none and stays as it is."""
        if not self.rows:
            return self
        places = [self.columns.index(name) for name in columns]
        return Table(columns, tuple(tuple(row[place] for place in places) for row in self.rows))


def render(table: Table, output_format: str) -> str:
    """Return the table as text: exact SI values in `csv` and `json`, rendered ones in `table` and `md`.

    Raises:
        EdgeAsrError: if the format is unknown, or is parquet, which is no text.
    """
    match output_format:
        case "table":
            return _console_text(as_rich(table))
        case "csv":
            return _csv_text(table)
        case "json":
            records = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
            return json.dumps(records, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        case "md":
            return markdown(table)
        case "parquet":
            raise EdgeAsrError("a Parquet table is no text; name a file for it with -o")
        case _:
            raise unknown_name("table format", output_format, known=FORMATS)


def save(table: Table, output_format: str, *, path: Path) -> None:
    """Write the table to a file in one of `FORMATS`.

    Raises:
        EdgeAsrError: if the format is unknown or the file cannot be written.
    """
    try:
        if output_format == "parquet":
            _write_parquet(table, path)
        else:
            write_text(path, render(table, output_format))
    except OSError as error:
        raise EdgeAsrError(f"'{path}' cannot be written: {error.strerror or error}") from error


def as_rich(table: Table) -> "rich.table.Table":
    """Return the table for a terminal, with quantities in readable units."""
    import rich.box
    import rich.table
    import rich.text

    drawn = rich.table.Table(box=rich.box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    lines = [
        [shown(column, value) for column, value in zip(table.columns, row, strict=True)] for row in table.rows
    ]
    for idx, column in enumerate(table.columns):
        if any(is_number(row[idx]) for row in table.rows):
            head = _over_numbers(heading(column), [line[idx] for line in lines])
            drawn.add_column(rich.text.Text(head), justify="right", no_wrap=True)
        else:
            drawn.add_column(rich.text.Text(heading(column)), overflow="fold")
    for line in lines:
        drawn.add_row(*map(rich.text.Text, line))
    return drawn


def _over_numbers(head: str, cells: list[str]) -> str:
    """Return the heading of a column of numbers, on as many lines as keep it as narrow as they are.

    Where room is short, text gives way: a number cut in two cannot be read.
    """
    width = max(len(text) for text in (*cells, *head.split()))
    return "\n".join(textwrap.wrap(head, width, break_long_words=False))


def markdown(table: Table) -> str:
    """Return the table as GitHub's Markdown, with quantities in readable units."""
    numeric = [any(is_number(row[idx]) for row in table.rows) for idx in range(len(table.columns))]
    lines = [
        _markdown_row(heading(column) for column in table.columns),
        _markdown_row("---:" if right else "---" for right in numeric),
        *(
            _markdown_row(shown(column, value) for column, value in zip(table.columns, row, strict=True))
            for row in table.rows
        ),
    ]
    return "\n".join(lines) + "\n"


def upright(table: Table) -> Table:
    """Return a table of one row as a line per column, its values as a reader sees them."""
    (row,) = table.rows
    lines = tuple(
        (heading(column), shown(column, value)) for column, value in zip(table.columns, row, strict=True)
    )
    return Table(("quantity", "value"), lines)


def _markdown_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(markdown_safe(cell) for cell in cells) + " |"


def markdown_safe(text: str) -> str:
    """Return text that Markdown shows literally within a table's cell."""
    for letter in "\\|<>*_`[]":
        text = text.replace(
            letter, f"\\{letter}" if letter not in "<>" else f"&{'lt' if letter == '<' else 'gt'};"
        )
    return " ".join(text.split(" ")).replace("\n", " ")


def _csv_text(table: Table) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(table.rows)
    return text.getvalue()


def _console_text(drawn: "rich.table.Table") -> str:
    import rich.console

    text = io.StringIO()
    width = shutil.get_terminal_size((WIDTH_WITHOUT_TERMINAL, 24)).columns
    rich.console.Console(file=text, width=width, color_system=None).print(drawn)
    return text.getvalue()


def _write_parquet(table: Table, path: Path) -> None:
    import pandas

    frame = pandas.DataFrame.from_records(list(table.rows), columns=list(table.columns))
    frame.to_parquet(path, index=False)
