"""Number formats by short names such as `w4a8-g32`, and the recipe that gives one to a whole network.

`w4a8-g32-kv4` reads: weights of 4 bits in groups of 32, activations of 8, keys and values of 4. Without `-g`
a weight has one scale per output channel; without `-kv` keys and values are as wide as activations. The
bundled recipes of the same names keep the embedding, the head and the convolutions at 8 bit; a uniform recipe
makes no exception, so that a search over parts of a network decides that by itself.
"""

import re

from quant.recipe import AttentionRule, LayerRule, MethodStep, Recipe, load_recipe, with_methods
from traces.errors import EdgeAsrError
from traces.formats import FLOAT16, Format

FLOAT = "float"
WIDEST_BITS = 16
"""Activations this wide are floats, as in the recipes' names."""

_NAME = re.compile(r"w(?P<w>\d)a(?P<a>\d+)(-g(?P<group>[1-9]\d*))?(-kv(?P<kv>\d+))?")


def uniform_recipe(name: str, methods: tuple[MethodStep, ...]) -> Recipe:
    """Return the recipe with one number format throughout, its weights rounded by these methods.

    `name` is as above, `float`, or a bundled recipe or file, whose formats are taken as they are.

    Raises:
        EdgeAsrError: if it is none of these, or a format has more or fewer bits than there are.
    """
    found = _NAME.fullmatch(name)
    if name == FLOAT:
        return load_recipe(FLOAT)
    if found is None:
        return _named(name, methods)
    weight_bits, activation_bits = int(found["w"]), int(found["a"])
    kv_bits = int(found["kv"] or activation_bits)
    weight = _weight(weight_bits, int(found["group"] or 0), where=name)
    activation, kv = _activation(activation_bits, where=name), _activation(kv_bits, where=name)
    wide = FLOAT16 if activation.is_float else Format.parse("int16_tensor_dynamic")
    return Recipe(
        name=name,
        layers=(
            LayerRule(("*.conv*",), weight, wide),  # the front end reads 16-bit audio or features of it
            LayerRule(("*norm", "*.embed_positions"), FLOAT16, FLOAT16),
            LayerRule(("*.embed_tokens",), weight, FLOAT16),
            LayerRule(("proj_out", "*.?_proj", "*.out_proj", "*.fc?"), weight, activation),
        ),
        attention=(AttentionRule(("*.self_attn", "*.encoder_attn"), activation, activation, kv),),
        methods=methods,
        description=f"{name} in every layer.",
    )


def _named(name: str, methods: tuple[MethodStep, ...]) -> Recipe:
    try:
        recipe = load_recipe(name)
    except EdgeAsrError as error:
        raise EdgeAsrError(
            f"unknown format '{name}'; write w8a8, w4a16-g32, w4a8-g32-kv4, float, or a recipe ({error})"
        ) from error
    return with_methods(recipe, methods, name=recipe.name)


def _weight(bits: int, group_size: int, *, where: str) -> Format:
    """Return the format the bundled recipes give weights of so many bits."""
    if not 2 <= bits <= 8:
        raise EdgeAsrError(f"format '{where}': weights of {bits} bits do not exist here; write w2 to w8")
    shared = f"g{group_size}" if group_size else "channel"
    return Format.parse(f"int{bits}_{shared}{'' if bits == 8 else '_asym'}")


def _activation(bits: int, *, where: str) -> Format:
    if bits == WIDEST_BITS:
        return FLOAT16
    if not 2 <= bits < WIDEST_BITS:
        raise EdgeAsrError(
            f"format '{where}': activations or caches of {bits} bits do not exist here; write 2 to 16"
        )
    return Format.parse(f"int{bits}_token")
