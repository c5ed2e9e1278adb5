"""A whole recogniser under a recipe."""

from dataclasses import replace

from quant.recipe import Recipe
from traces.workload import Workload


def annotated(workload: Workload, recipe: Recipe) -> Workload:
    """Return the workload with every phase's graph in the recipe's formats.

    Raises:
        EdgeAsrError: if the recipe names no formats for a module that holds weights.
    """
    return replace(workload, graphs=tuple(recipe.annotate(graph) for graph in workload.graphs))
