"""The recipes of a study: those it lists, and its grid of formats times methods."""

from dataclasses import dataclass

from quant.recipe import Recipe, load_recipe, matches, with_methods
from reports.study.config import Pipeline, Study
from traces.errors import EdgeAsrError


@dataclass(frozen=True, slots=True)
class Variant:
    """A recipe of a study and its place in the grid.

    `formats` is the name of the recipe that gives the formats, the recipe itself outside the grid; `method`
    is the pipeline's name, empty outside the grid.
    """

    recipe: Recipe
    formats: str
    method: str


def variants(study: Study) -> tuple[Variant, ...]:
    """Return the study's recipes in order: the listed ones, then all methods of the first formats, and so on.

    A recipe of the grid is named `FORMATS+METHOD`, which file systems, shells and Markdown take as it is.

    Raises:
        EdgeAsrError: if a recipe is unknown, two have one name, or a glob of `exclude` fits none.
    """
    listed = tuple(Variant(recipe, recipe.name, "") for recipe in map(load_recipe, study.recipes))
    grid = tuple(
        _combined(formats, pipeline)
        for formats in map(load_recipe, study.formats)
        for pipeline in study.methods
    )
    for glob in study.exclude:
        if not any(matches(variant.recipe.name, (glob,)) for variant in grid):
            raise EdgeAsrError(
                f"study '{study.name}': exclude: '{glob}' fits no recipe of the grid, which are named "
                "FORMATS+METHOD; correct it or leave it out"
            )
    kept = (*listed, *(variant for variant in grid if not matches(variant.recipe.name, study.exclude)))
    names = [variant.recipe.name for variant in kept]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise EdgeAsrError(f"study '{study.name}': two recipes are named '{repeated[0]}'; rename one")
    if not kept:
        raise EdgeAsrError(f"study '{study.name}': exclude leaves no recipe; exclude less")
    return kept


def _combined(formats: Recipe, pipeline: Pipeline) -> Variant:
    name = f"{formats.name}+{pipeline.name}"
    return Variant(with_methods(formats, pipeline.steps, name=name), formats.name, pipeline.name)
