"""Writing the page and its figure."""

from collections.abc import Sequence
from pathlib import Path

from reports.atomic import write_text
from reports.figures.style import save_png
from reports.validation.figure import draw_validation
from reports.validation.page import FIGURE, validation_page
from simulator.validation.validate import ValidationRow


def save_validation(rows: Sequence[ValidationRow], folder: Path, *, more: str = "") -> None:
    """Write `validation.md` and `validation.png` to a folder, which is made where it is missing.

    `more` are sections of Markdown that follow.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save_png(draw_validation(rows), folder / FIGURE)
    write_text(folder / "validation.md", validation_page(rows) + more)
