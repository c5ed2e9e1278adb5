"""Word error rates that a study measured, for the points of a sweep with the same model and recipe."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hwmodels.op_table import Floats
from simulator.sweep.parts import part_of
from simulator.sweep.space import Space
from traces.errors import EdgeAsrError


@dataclass(frozen=True, slots=True, eq=False)
class WordErrorRates:
    """Rates of a study's first corpus by model and recipe; fractions."""

    corpus: str
    by_network: Mapping[tuple[str, str], float]

    def at(self, space: Space, points: Floats) -> Floats:
        """Return the rate at each point: (points,); not a number where none was measured."""
        columns = space.columns(points)
        models = columns.get("model", np.full(len(points), space.base.model))
        recipes = columns.get("recipe", np.full(len(points), space.base.recipe))
        names = {name: recipe.name for name, recipe in space.recipes.items()}
        changed = any(part_of(axis.name) for axis in space.axes)  # no study measured such a mixture
        return np.array(
            [
                np.nan if changed else self.by_network.get((str(model), names[str(recipe)]), np.nan)
                for model, recipe in zip(models, recipes, strict=True)
            ]
        )


def word_error_rates(folder: str) -> WordErrorRates:
    """Return the word error rates of a study's run folder.

    Raises:
        EdgeAsrError: if the folder holds no measured cell.
    """
    path = Path(folder) / "cells.csv"
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            rows = [row for row in csv.DictReader(lines) if row.get("wer") and row.get("corpus")]
        rates = {(row["model"], row["recipe"], row["corpus"]): float(row["wer"]) for row in rows}
    except (OSError, ValueError, KeyError) as error:
        raise EdgeAsrError(f"accuracy: '{path}' cannot be read; name the run folder of a study") from error
    if not rates:
        raise EdgeAsrError(f"accuracy: '{path}' holds no word error rate; name a study that measured some")
    corpus = next(iter(rates))[2]
    return WordErrorRates(
        corpus, {(model, recipe): wer for (model, recipe, on), wer in rates.items() if on == corpus}
    )
