"""Looks up a study's rows by name, and joins the two sides of a cell: its cost and its error rate."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from reports.data import (
    CellRow,
    ChipRow,
    EstimateRow,
    LayerRow,
    Part,
    StudyData,
)


@dataclass(frozen=True, slots=True)
class Costed:
    """A model under a recipe on a chip: its cell and its estimate."""

    cell: CellRow
    estimate: EstimateRow

    @property
    def wer(self) -> float | None:
        """The measured word error rate, a fraction."""
        return self.cell.accuracy.wer.nominal if self.cell.accuracy else None

    @property
    def key(self) -> str:
        """The name of the combination in the page's selectors: that of the recipe it is costed as."""
        return combination(self.estimate.model, self.estimate.recipe, chip=self.estimate.chip)


def combination(model: str, recipe: str, *, chip: str) -> str:
    """Return the name of a combination: the three names, apart by a character that none of them holds."""
    return "\n".join((model, recipe, chip))


def main_corpus(study: StudyData) -> str:
    """Return the corpus that charts and verdicts speak of: the first with a measured rate, or ''."""
    return next((cell.corpus for cell in study.cells if cell.accuracy is not None), "")


def main_cells(study: StudyData) -> tuple[CellRow, ...]:
    """Return one cell per model and recipe: the one on the main corpus, or the unmeasured one."""
    corpus = main_corpus(study)
    found: dict[tuple[str, str], CellRow] = {}
    for cell in study.cells:
        key = (cell.model, cell.recipe)
        if key not in found or (cell.corpus == corpus and cell.accuracy is not None):
            found[key] = cell
    return tuple(found.values())


def contenders(study: StudyData) -> tuple[CellRow, ...]:
    """Return the main cells; of methods that give the same formats at the same cost, the most accurate alone.

    Where rates are equal or were not measured, the earliest stands for the others.
    """
    cells = main_cells(study)
    groups: dict[tuple[str, str, str], list[CellRow]] = {}
    for cell in cells:
        groups.setdefault((cell.model, cell.formats or cell.recipe, cell.costed_as), []).append(cell)
    chosen = {id(min(group, key=_rate)) for group in groups.values()}
    return tuple(cell for cell in cells if id(cell) in chosen)


def _rate(cell: CellRow) -> float:
    return cell.accuracy.wer.nominal if cell.accuracy else math.inf


def contending(study: StudyData, chip: str) -> tuple[Costed, ...]:
    """Return the contenders that were estimated on a chip."""
    return _joined(study, contenders(study), chip)


def costed(study: StudyData, chip: str) -> tuple[Costed, ...]:
    """Return every cell of the main corpus that was estimated on a chip, in the study's order."""
    return _joined(study, main_cells(study), chip)


def _joined(study: StudyData, cells: tuple[CellRow, ...], chip: str) -> tuple[Costed, ...]:
    estimates = {(row.model, row.recipe): row for row in study.estimates if row.chip == chip}
    found = ((cell, estimates.get((cell.model, cell.costed_as or cell.recipe))) for cell in cells)
    return tuple(Costed(cell, estimate) for cell, estimate in found if estimate is not None)


def layers_by_combination(study: StudyData) -> dict[str, tuple[LayerRow, ...]]:
    """Return the layers of every estimate in network order, by `combination`."""
    found: dict[str, list[LayerRow]] = {}
    for layer in study.layers:
        found.setdefault(combination(layer.model, layer.recipe, chip=layer.chip), []).append(layer)
    return {key: tuple(rows) for key, rows in found.items()}


def models(study: StudyData) -> tuple[str, ...]:
    """Return the models in the study's order."""
    return unique(cell.model for cell in study.cells)


def chip_names(study: StudyData) -> tuple[str, ...]:
    """Return the chips in the study's order."""
    return unique(chip.chip for chip in study.chips)


def chip_row(study: StudyData, chip: str) -> ChipRow:
    """Return what is known of a chip."""
    return next(row for row in study.chips if row.chip == chip)


def summed(parts: Iterable[tuple[Part, ...]]) -> tuple[Part, ...]:
    """Return the sum of several divisions, by name, in the order the names first appear."""
    totals: dict[str, float] = {}
    for division in parts:
        for part in division:
            totals[part.name] = totals.get(part.name, 0.0) + part.value
    return tuple(Part(name, value) for name, value in totals.items())


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names without repeats, in order."""
    return tuple(dict.fromkeys(names))
