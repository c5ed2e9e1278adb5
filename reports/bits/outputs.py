"""The files of an answer in its run folder."""

from collections.abc import Sequence
from pathlib import Path

from quant.recipe import save_recipe
from reports.bits.answer import Answer
from reports.bits.chip_rows import ChipAnswerRow
from reports.bits.figure import draw_answer
from reports.bits.page import render_answer
from reports.bits.rows import candidate_rows, unit_rows
from reports.figures.style import save_png
from reports.study.folder import RunFolder
from reports.table import render
from reports.tables import table_of


def write_answer(answer: Answer, run: RunFolder, *, command: str) -> Path:
    """Write the recipe, tables, figure and page of one chip's answer, and return the page's path.

    A nearest miss has no recipe: one that stands there from before is taken away.
    """
    recipe = run.path / "recipe.yaml"
    if answer.is_met:
        save_recipe(answer.chosen.recipe, recipe)
    else:
        recipe.unlink(missing_ok=True)
    run.write_text("candidates.csv", render(table_of(candidate_rows(answer)), "csv"))
    run.write_text("units.csv", render(table_of(unit_rows(answer)), "csv"))
    if answer.front:
        save_png(draw_answer(answer), run.path / "front.png")
    return run.write_text("report.html", render_answer(answer, command=command))


def write_chips(rows: Sequence[ChipAnswerRow], run: RunFolder) -> Path:
    """Write the table of several chips, and return its path."""
    return run.write_text("chips.csv", render(table_of(rows), "csv"))
