"""Expressions over named quantities, such as `levels.sram.size_bytes + levels.dram.size_bytes <= 8MiB`.

Arithmetic, comparisons, `and`, `or`, `not`, and a few functions, on arrays: one value per point. Parsed with
Python's own parser and evaluated node by node, so that nothing but these can be written.
"""

import ast
import operator
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np

from hwmodels.op_table import Floats
from hwmodels.units import SCALES
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
_UNITS = {symbol: scale for scales in SCALES.values() for symbol, scale in scales.items()}
_NUMBER = re.compile(
    r"(?<![\w.])(\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*("
    + "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
    + r")(?![\w/])"
)
_PLACE = "quantity_"


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression: its text, and the names of the quantities it needs."""

    text: str
    names: tuple[str, ...]

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

    Numbers may carry units: `8MiB`, `200 MHz`, `3.2GB/s`.

    Raises:
        EdgeAsrError: if it is none, or names something unknown (nearest names offered).
    """
    if len(text) > MOST_LETTERS:
        raise EdgeAsrError(f"an expression of {len(text)} letters; write at most {MOST_LETTERS}")
    names = tuple(dict.fromkeys(_named(text, known)))
    _check(_tree(text, names), text, known)
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
    plain = _NUMBER.sub(lambda found: repr(float(found[1]) * _UNITS[found[2]]), plain)
    try:
        return ast.parse(plain.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise EdgeAsrError(
            f"'{text.strip()}' is no expression; write one such as levels.sram.size_bytes <= 8MiB"
        ) from error


def _check(node: ast.AST, text: str, known: Collection[str]) -> None:
    match node:
        case ast.Constant(value=int() | float()):
            return
        case ast.Name(id=name) if name.startswith(_PLACE):
            return
        case ast.Name() | ast.Attribute():
            raise unknown_name(f"quantity in '{text}':", ast.unparse(node), known)
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
        case ast.Call(func=ast.Name(id=name), args=parts):
            return FUNCTIONS[name](*(_value(part, quantities) for part in parts))
    raise AssertionError(ast.dump(node))
