"""What methods build into a network before it is quantized: rotations at run time, say."""

from torch import nn

from quant.methods import METHODS
from quant.recipe import Recipe


def restructure_(model: nn.Module, recipe: Recipe) -> None:
    """Give the network the modules that the recipe's methods compute with; it computes the same as before.

    Depends on shapes only, so that it also prepares an empty network for a checkpoint's tensors.
    """
    for step in recipe.methods:
        change = METHODS[step.name].restructure
        if change is not None:
            change(model, step.config, recipe)
