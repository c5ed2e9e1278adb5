"""How many input columns of a layer stay float: one answer for plan, graph and rounding. Needs no torch."""

from quant.methods import METHODS
from quant.recipe import Recipe, matches

BLOCKS = ("model.encoder.layers.*", "model.decoder.layers.*")
"""Front end and lookups read audio and token ids, and the head is tied to a lookup: they keep no columns."""


def n_float_columns(recipe: Recipe, module: str, *, in_features: int) -> int:
    """Return how many input columns of a linear layer with integer weights stay float16.

    The recipe's last method says so: it is the one that rounds. All columns: the layer stays as it is.
    """
    if not recipe.methods or not matches(module, BLOCKS):
        return 0
    step = recipe.methods[-1]
    count = METHODS[step.name].n_float_columns
    return 0 if count is None else count(step.config, in_features)
