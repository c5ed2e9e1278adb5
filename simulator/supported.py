"""What a chip makes of a number format: computes in it, only stores it, or hands the work to the host."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from hwmodels.chip import Chip
from hwmodels.op_table import OpClass
from hwmodels.rate_choice import choose
from quant.recipe import Recipe
from traces.errors import EdgeAsrError
from traces.formats import Format


class Support(StrEnum):
    """From best to worst."""

    COMPUTED = "computed"
    STORED = "stored"
    """The chip keeps the weights or activations in the format, or widens them, but multiplies in another."""
    HOST = "host"
    NONE = "none"


_ORDER = list(Support)


@dataclass(frozen=True, slots=True)
class FormatSupport:
    """A chip's way with one recipe's formats; `why` is what its fallbacks say, empty where computed."""

    name: str
    support: Support
    why: str


def supports(
    chip: Chip, recipes: Sequence[Recipe], *, layer: str, attention: str
) -> tuple[FormatSupport, ...]:
    """Return how a chip does a layer's products and an attention's under each recipe; the worst counts.

    Where the host does attention in any format, layers alone are judged.
    """
    of_layers = [[_one(chip, *each) for each in _layer_products(recipe, layer)] for recipe in recipes]
    of_attention = [
        [_one(chip, *each) for each in _attention_products(recipe, attention)] for recipe in recipes
    ]
    never = all(any(found is Support.HOST for found, _ in products) for products in of_attention)
    return tuple(
        _worst(recipe.name, products if never else [*products, *others])
        for recipe, products, others in zip(recipes, of_layers, of_attention, strict=True)
    )


def usable(found: Sequence[FormatSupport]) -> tuple[str, ...]:
    """Return the names of formats that the chip computes or stores; the host's where there is no other."""
    kept = [item.name for item in found if item.support in (Support.COMPUTED, Support.STORED)]
    return tuple(kept or [item.name for item in found if item.support is Support.HOST])


def _worst(name: str, found: Sequence[tuple[Support, str]]) -> FormatSupport:
    worst = max((support for support, _ in found), key=_ORDER.index)
    notes = (note for support, note in found if support is not Support.COMPUTED)
    reasons = dict.fromkeys(reason for note in notes for reason in note.split("; "))
    return FormatSupport(name, worst, "; ".join(filter(None, reasons)))


def _layer_products(recipe: Recipe, layer: str) -> tuple[tuple[OpClass, Format, Format], ...]:
    """Return the products of an encoder's and a decoder's layer: class, weight, input."""
    rule = recipe.layer_formats(layer)
    return (OpClass.DENSE, rule.weight, rule.activation), (OpClass.MATVEC, rule.weight, rule.activation)


def _attention_products(recipe: Recipe, attention: str) -> tuple[tuple[OpClass, Format, Format], ...]:
    rule = recipe.attention_formats(attention)
    product = OpClass.ACTIVATION_PRODUCT
    return (product, rule.kv, rule.query), (product, rule.kv, rule.probability)


def _one(chip: Chip, op: OpClass, weight: Format, activation: Format) -> tuple[Support, str]:
    try:
        choice = choose(chip, op, weight=weight, activation=activation)
    except EdgeAsrError as error:
        return Support.NONE, str(error)
    if choice.on_host:
        return Support.HOST, choice.note
    return (Support.STORED, choice.note) if choice.note else (Support.COMPUTED, "")
