"""Measuring the cells of a study: every model under every recipe on every corpus."""

from dataclasses import dataclass, replace
from functools import partial

from asr.corpora import load_corpus
from asr.evaluate import Evaluation, evaluate
from asr.models import load_recogniser
from asr.recogniser import Recogniser
from quant.recipe import Recipe, load_recipe
from reports.study.config import Study
from reports.study.folder import Cell, RunFolder, cell_key
from traces.progress import Progress


@dataclass(frozen=True, slots=True)
class Measured:
    """A finished cell."""

    cell: Cell
    evaluation: Evaluation


def measure(study: Study, folder: RunFolder, *, progress: Progress) -> tuple[Measured, ...]:
    """Return every cell of the study, measuring those the folder does not hold yet.

    Models are loaded one after the other, and only while they are needed.

    Raises:
        EdgeAsrError: if a model, recipe or corpus cannot be read; finished cells stay.
    """
    recipes = tuple(load_recipe(name) for name in study.recipes)
    measured: list[Measured] = []
    for model in study.models:
        recogniser = load_recogniser(model)
        for recipe in recipes:
            measured += _measure_recipe(study, folder, model, recogniser, recipe, progress)
    return tuple(measured)


def _measure_recipe(
    study: Study,
    folder: RunFolder,
    model: str,
    recogniser: Recogniser,
    recipe: Recipe,
    progress: Progress,
) -> list[Measured]:
    quantized: Recogniser | None = None
    measured = []
    for corpus_name in study.corpora:
        corpus = load_corpus(corpus_name, limit=study.limit)
        cell = Cell(model, recipe.name, corpus_name)
        key = cell_key(recogniser, recipe, corpus.identity, batch_size=study.batch_size, seed=study.seed)
        evaluation = folder.load(key)
        if evaluation is None:
            quantized = quantized or _quantized(recogniser, recipe)
            evaluation = evaluate(
                quantized,
                corpus,
                batch_size=study.batch_size,
                progress=partial(progress, str(cell)),
                partial=folder.unfinished(key),
            )
            folder.save(key, evaluation)
        measured.append(Measured(cell, evaluation))
    return measured


def _quantized(recogniser: Recogniser, recipe: Recipe) -> Recogniser:
    from quant.quantize import quantize

    return replace(recogniser, model=quantize(recogniser.model, recipe).model)
