"""Recipes that tests vary."""

from dataclasses import replace

from quant.methods import METHODS
from quant.methods.rtn import RtnConfig
from quant.recipe import AttentionRule, LayerRule, MethodStep, Recipe, load_recipe, with_methods
from traces.formats import FLOAT16, Format

PRODUCTS = ("*.?_proj", "*.out_proj", "*.fc?")


def uniform(
    weight: str, activation: str = "float16", *, attention: str = "float16", search: bool = False
) -> Recipe:
    """One format for every product; embedding, head and front end stay float16."""
    float_modules = ("*.conv*", "*norm", "*.embed_*", "proj_out")
    operand = Format.parse(attention)
    return Recipe(
        name="uniform",
        layers=(
            LayerRule(float_modules, FLOAT16, FLOAT16),
            LayerRule(PRODUCTS, Format.parse(weight), Format.parse(activation)),
        ),
        attention=(AttentionRule(("*_attn",), operand, operand, operand),),
        methods=(MethodStep("rtn", RtnConfig(range="mse" if search else "minmax")),),
    )


def with_layer(name: str, modules: tuple[str, ...], weight: str, activation: str = "float16") -> Recipe:
    """A bundled recipe with one more rule in front."""
    recipe = load_recipe(name)
    rule = LayerRule(modules, Format.parse(weight), Format.parse(activation))
    return replace(recipe, layers=(rule, *recipe.layers))


def by_methods(name: str, *methods: str) -> Recipe:
    """A bundled recipe's formats by other methods with their papers' settings."""
    steps = tuple(MethodStep(method, METHODS[method].config()) for method in methods)
    return with_methods(load_recipe(name), steps, name=f"{name} by {' then '.join(methods)}")
