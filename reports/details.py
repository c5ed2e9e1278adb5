"""The details of a quantized network beside its checkpoint: a table and a figure."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from reports.figures.details import draw_details
from reports.figures.style import save_png
from reports.table import save
from reports.tables import table_of
from traces.errors import EdgeAsrError

if TYPE_CHECKING:
    from quant.details import LayerDetail


def save_details(
    details: "Sequence[LayerDetail]",
    folder: Path,
    *,
    title: str,
    table: Literal["csv", "parquet"] = "csv",
) -> tuple[Path, ...]:
    """Write `details.csv` (or `.parquet`) and `details.png` into a folder and return their paths.

    Raises:
        EdgeAsrError: if a file cannot be written.
    """
    rows, figure = folder / f"details.{table}", folder / "details.png"
    save(table_of(details), table, path=rows)
    try:
        save_png(draw_details(details, title=title), figure)
    except OSError as error:
        raise EdgeAsrError(f"'{figure}' cannot be written: {error.strerror or error}") from error
    return rows, figure
