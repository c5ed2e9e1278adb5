"""Expressions over named quantities, such as `levels.sram.size_bytes + levels.dram.size_bytes <= 8MiB`.

Arithmetic, comparisons, `and`, `or`, `not`, and a few functions, on arrays: one value per point. Parsed with
Python's own parser and evaluated node by node, so that nothing but these can be written.
"""

import ast
import operator
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np

from hwmodels.op_table import Floats
from hwmodels.units import SCALES, SYMBOLS, suffix_of
from traces.errors import EdgeAsrError, unknown_name

MOST_LETTERS = 500

_BINARY: Mapping[type[ast.AST], Callable[[Floats, Floats], Floats]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.LtE: operator.le,
    ast.Lt: operator.lt,
    ast.GtE: operator.ge,
    ast.Gt: operator.gt,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_UNARY: Mapping[type[ast.AST], Callable[[Floats], Floats]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: np.logical_not,
}
_BOOLEAN: Mapping[type[ast.AST], Callable[[Floats, Floats], Floats]] = {
    ast.And: np.logical_and,
    ast.Or: np.logical_or,
}
FUNCTIONS: Mapping[str, Callable[..., Floats]] = {
    "abs": np.abs,
    "sqrt": np.sqrt,
    "log2": np.log2,
    "min": lambda *values: reduce(np.minimum, values),
    "max": lambda *values: reduce(np.maximum, values),
}
_UNITS = {symbol: (suffix, scale) for suffix, scales in SCALES.items() for symbol, scale in scales.items()}
"""Symbol -> the suffix of the keys whose numbers it is written behind, and what it stands for."""
_NUMBER = re.compile(
    r"(?<![\w.])(\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*("
    + "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
    + r")(?![\w/])"
)
_PLACE, _WITH_UNIT = "quantity_", "unit_of_"
"""In place of a name with dots, the one with its position; around a number, the function with its suffix."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression: its text, and the names of the quantities it needs."""

    text: str
    names: tuple[str, ...]

    @property
    def is_true_or_false(self) -> bool:
        """Whether it compares, alone or in an `and`, `or` or `not` of comparisons."""
        return _compares(_tree(self.text, self.names))

    def __call__(self, values: Mapping[str, Floats]) -> Floats:
        """Return its value at every point: (points,), of truth values where it compares.

        `values`: name -> (points,) or a scalar. What cannot be divided is infinite or not a number.
        """
        known = {name: values[name] for name in self.names}
        with np.errstate(all="ignore"):
            found: Floats = np.asarray(_value(_tree(self.text, self.names), tuple(known.values())))
        return found


def parse_expression(text: str, known: Collection[str]) -> Expression:
    """Return an expression over some of the known names, which may hold dots and hyphens.

    Numbers may carry units: `8MiB`, `200 MHz`, `3.2GB/s`; each must be that of what it is compared with,
    added to or taken from, where the ending of a name there says what that is.

    Raises:
        EdgeAsrError: if it is none, names something unknown (nearest names offered), or a unit does not fit.
    """
    if len(text) > MOST_LETTERS:
        raise EdgeAsrError(f"an expression of {len(text)} letters; write at most {MOST_LETTERS}")
    if _PLACE in text or _WITH_UNIT in text:
        raise EdgeAsrError(f"'{text.strip()}': no name may hold '{_PLACE}' or '{_WITH_UNIT}'; choose another")
    names = tuple(dict.fromkeys(_named(text, known)))
    tree = _tree(text, names)
    _check(tree, text, known)
    _check_units(tree, text, names)
    return Expression(text, names)


def _pattern(names: Collection[str]) -> re.Pattern[str]:
    longest_first = sorted(names, key=lambda name: (-len(name), name))
    return re.compile(rf"(?<![\w.])({'|'.join(map(re.escape, longest_first))})(?![\w.(])")


def _named(text: str, known: Collection[str]) -> list[str]:
    return _pattern(known).findall(text) if known else []


def _tree(text: str, names: tuple[str, ...]) -> ast.AST:
    """Return the syntax tree, in which the n-th name is the identifier `quantity_n` and units are numbers."""
    plain = text
    if names:
        plain = _pattern(names).sub(lambda found: f"{_PLACE}{names.index(found[1])}", plain)
    plain = _NUMBER.sub(_with_unit, plain)
    try:
        return ast.parse(plain.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise EdgeAsrError(
            f"'{text.strip()}' is no expression; write one such as levels.sram.size_bytes <= 8MiB"
        ) from error


def _with_unit(found: re.Match[str]) -> str:
    suffix, scale = _UNITS[found[2]]
    return f"{_WITH_UNIT}{suffix}({float(found[1]) * scale!r})"


def _is_with_unit(name: str) -> bool:
    return name.startswith(_WITH_UNIT)


def _check(node: ast.AST, text: str, known: Collection[str]) -> None:
    match node:
        case ast.Constant(value=int() | float()):
            return
        case ast.Name(id=name) if name.startswith(_PLACE):
            return
        case ast.Call(func=ast.Name(id=name)) if _is_with_unit(name):
            return
        case ast.Name() | ast.Attribute():
            raise unknown_name(f"quantity in '{text}':", ast.unparse(node), known=known)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            parts = [left, right]
        case ast.Compare(left=left, ops=ops, comparators=rest) if all(type(op) in _BINARY for op in ops):
            parts = [left, *rest]
        case ast.BoolOp(values=parts):
            pass
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
            parts = [operand]
        case ast.Call(func=ast.Name(id=name), args=parts, keywords=[]) if name in FUNCTIONS and parts:
            pass
        case _:
            raise EdgeAsrError(
                f"'{text}' holds what cannot be written here; there are numbers, names, + - * / ** < <=, "
                f"and, or, not, {', '.join(sorted(FUNCTIONS))}"
            )
    for part in parts:
        _check(part, text, known)


def _check_units(tree: ast.AST, text: str, names: tuple[str, ...]) -> None:
    """Verify that a number with a unit stands beside quantities of that unit, where their names say it."""
    for node in ast.walk(tree):
        beside = _beside_each_other(node)
        units = [unit for part in beside if (unit := _unit_written(part))]
        for name in (name for part in beside for name in _names_in(part, names)):
            expected = suffix_of(name)
            for unit in units:
                if unit != expected and (expected or "." in name):  # one that is defined may be of any unit
                    raise EdgeAsrError(
                        f"'{text.strip()}': {name} is {SYMBOLS.get(expected, 'a plain number')}, "
                        f"not {SYMBOLS[unit]}; write what it is beside it"
                    )


def _beside_each_other(node: ast.AST) -> tuple[ast.AST, ...]:
    """Return the parts that a node compares, adds or takes away, which must be of one unit."""
    match node:
        case ast.Compare(left=left, comparators=rest):
            return (left, *rest)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            return (left, right)
    return ()


def _unit_written(node: ast.AST) -> str:
    match node:
        case ast.Call(func=ast.Name(id=name)) if _is_with_unit(name):
            return name.removeprefix(_WITH_UNIT)
    return ""


def _names_in(node: ast.AST, names: tuple[str, ...]) -> Iterator[str]:
    """Yield the quantities whose unit is that of the node: itself, or those in a sum or a multiple."""
    match node:
        case ast.Name(id=name):
            yield names[int(name.removeprefix(_PLACE))]
        case (
            ast.UnaryOp(operand=inner)
            | ast.BinOp(left=inner, op=ast.Mult() | ast.Div(), right=ast.Constant())
        ):
            yield from _names_in(inner, names)
        case ast.BinOp(left=ast.Constant(), op=ast.Mult(), right=inner):
            yield from _names_in(inner, names)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            yield from _names_in(left, names)
            yield from _names_in(right, names)


def _compares(node: ast.AST) -> bool:
    match node:
        case ast.Compare():
            return True
        case ast.BoolOp(values=parts):
            return all(map(_compares, parts))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _compares(operand)
    return False


def _value(node: ast.AST, quantities: tuple[Floats, ...]) -> Floats:
    match node:
        case ast.Constant(value=value):
            return np.asarray(value, dtype=np.float64)
        case ast.Name(id=name):
            return quantities[int(name.removeprefix(_PLACE))]
        case ast.BinOp(left=left, op=op, right=right):
            return _BINARY[type(op)](_value(left, quantities), _value(right, quantities))
        case ast.Compare(left=left, ops=ops, comparators=rest):
            values = [_value(part, quantities) for part in (left, *rest)]
            steps = zip(values, ops, values[1:], strict=False)
            return reduce(np.logical_and, [_BINARY[type(op)](a, b) for a, op, b in steps])
        case ast.BoolOp(op=op, values=parts):
            return reduce(_BOOLEAN[type(op)], [_value(part, quantities) for part in parts])
        case ast.UnaryOp(op=op, operand=operand):
            return _UNARY[type(op)](_value(operand, quantities))
        case ast.Call(func=ast.Name(id=name), args=[number]) if _is_with_unit(name):
            return _value(number, quantities)
        case ast.Call(func=ast.Name(id=name), args=parts):
            return FUNCTIONS[name](*(_value(part, quantities) for part in parts))
    raise AssertionError(ast.dump(node))
