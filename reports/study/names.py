"""Whether everything a study names exists, asked before any work is done."""

from asr.corpora import load_corpus
from asr.models import check_name
from hwmodels.chip_file import load_chip
from reports.study.config import Study
from reports.study.grid import variants
from reports.workloads import check_not_packed
from traces.store import load_workload


def check_names(study: Study) -> None:
    """Verify that every model, recipe, chip and corpus of the study exists.

    Raises:
        EdgeAsrError: for the first unknown name, with the nearest known ones.
    """
    for chip in study.chips:
        load_chip(chip)
    recipes = tuple(variant.recipe for variant in variants(study))
    for corpus in study.corpora:
        load_corpus(corpus)
    if study.models and any(recipe.needs_calibration for recipe in recipes):
        load_corpus(study.calibration)
    for model in study.models:
        check_name(model)
        check_not_packed(model, recipes[0].name)
    for model in study.cost_only:
        load_workload(model)
