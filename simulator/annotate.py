"""A whole recogniser under a recipe."""

from dataclasses import replace

from quant.recipe import Recipe, load_recipe
from traces.errors import EdgeAsrError
from traces.networks.store import Precision
from traces.networks.workload import network_workload
from traces.workload import Workload


def annotated(workload: Workload, recipe: Recipe) -> Workload:
    """Return the workload with every phase's graph in the recipe's formats.

    Raises:
        EdgeAsrError: if the recipe names no formats for a module that holds weights.
    """
    return replace(workload, graphs=tuple(recipe.annotate(graph) for graph in workload.graphs))


def in_formats(workload: Workload, recipe: Recipe) -> Workload:
    """Return a workload in the formats of a recipe.

    Of a network that is no recogniser every tensor takes the widths in the recipe's name: `float`, `w8a8` or
    `w8a16`, as vendors' compilers quantize whole networks.

    Raises:
        EdgeAsrError: if the recipe is none for such a network, or names no formats for a recogniser's module.
    """
    if workload.family != "network":
        return annotated(workload, recipe)
    if recipe.name in tuple(Precision) and recipe != load_recipe(recipe.name):
        raise EdgeAsrError(
            f"{workload.name} is no recogniser, and takes no rules of a recipe's own; "
            f"name one of the package's: {', '.join(Precision)}"
        )
    return network_workload(workload.graphs[0], recipe.name)
