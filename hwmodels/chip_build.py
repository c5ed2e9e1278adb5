"""A chip as the models see it, made of what its file says."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, TypeVar

from hwmodels.chip import Chip, Energy, Level, Overheads, Tiling, Unit, Unpacking
from hwmodels.chip_schema import ChipNode
from hwmodels.format_class import expand_classes
from hwmodels.lanes import Lanes
from hwmodels.op_table import OpClass
from hwmodels.quantity import FormatQuantity, Quantity
from hwmodels.quantity_node import Node, QuantityNode
from hwmodels.rate import Fallback, Rate
from hwmodels.rate_node import FallbackNode, RateNode

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_Part = TypeVar("_Part", bound="DataclassInstance")


def built_chip(name: str, node: ChipNode) -> Chip:
    """Return the chip that a file of this name says."""
    return _built(
        Chip,
        node,
        name=name,
        description=_one_line(node.description),
        units=tuple(_built(Unit, unit, name=key) for key, unit in node.units.items()),
        levels=tuple(_built(Level, level, name=key) for key, level in node.levels.items()),
        rates=tuple(_rate(key, rate) for key, rate in node.rates.items()),
        fallbacks=tuple(map(_fallback, node.fallbacks)),
        unpacking=None if node.unpacking is None else _built(Unpacking, node.unpacking),
        tiling=_built(Tiling, node.tiling),
        overheads=_built(Overheads, node.overheads),
        energy=_built(Energy, node.energy),
    )


def _rate(name: str, node: RateNode) -> Rate:
    lanes = _built(Lanes, node.lanes, chosen=())
    by_itself = Quantity.exact(float(lanes.size()[0]), "derived", "batch x m x k x n of its lanes")
    per_cycle = by_itself if node.per_cycle is None else node.per_cycle.quantity()
    return _built(Rate, node, name=name, ops=_ops(node.ops), lanes=lanes, per_cycle=per_cycle)


def _fallback(node: FallbackNode) -> Fallback:
    return _built(
        Fallback,
        node,
        ops=_ops(node.ops),
        weights=_spread(node.weights),
        activations=_spread(node.activations),
        reason=_one_line(node.reason),
    )


def _built(part: type[_Part], node: Node, **made: object) -> _Part:
    """Return a part of a chip: fields that are not `made` are those of the same name in the file."""
    names = {field.name for field in fields(part)} - made.keys()
    return part(**made, **{name: _value(getattr(node, name)) for name in names})


def _value(said: object) -> object:
    """Return what a field of a file says as a value: numbers, numbers by format, lists."""
    match said:
        case QuantityNode():
            return said.quantity()
        case dict():
            return _by_format(said)
        case list():
            return tuple(said)
        case _:
            return said


def _by_format(numbers: Mapping[str, QuantityNode]) -> tuple[FormatQuantity, ...]:
    return tuple(
        FormatQuantity(name, number.quantity())
        for pattern, number in numbers.items()
        for name in expand_classes(pattern)
    )


def _ops(names: Sequence[str]) -> tuple[OpClass, ...]:
    return tuple(OpClass[name.upper()] for name in names)


def _spread(patterns: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for pattern in patterns for name in expand_classes(pattern))


def _one_line(text: str) -> str:
    return " ".join(text.split())
