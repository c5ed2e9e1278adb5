"""Integer expressions over named symbols: the extents of tensors and loops.

A graph is traced once and answers for any audio length and any cache length, so its extents are
expressions such as `(audio_samples - 127)//64 + 1`. They are evaluated on NumPy arrays: one walk of a
graph costs all its bindings at once.
"""

import ast
import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from traces.errors import EdgeAsrError

MAX_TEXT_LENGTH = 2_000
"""Longest expression accepted from a file; the longest of a stored graph has fewer than 200 characters."""

Symbols = Mapping[str, int | NDArray[np.int64]]
"""What each symbol stands for: one integer, or an array of them that broadcasts with the others."""


@dataclass(frozen=True, slots=True)
class Dim:
    """One integer expression, in canonical text; build it with `Dim.of`."""

    text: str

    @staticmethod
    def of(value: "int | str | Dim") -> "Dim":
        """Return the expression of an integer or a text, with constants folded.

        Raises:
            EdgeAsrError: if the text is no integer expression of +, -, *, //, min and max.
        """
        if isinstance(value, Dim):
            return value
        if isinstance(value, int):
            return Dim(str(value))
        return Dim(_canonical(value))

    @property
    def symbols(self) -> frozenset[str]:
        """The names the expression depends on."""
        return frozenset(
            node.id
            for node in ast.walk(_parsed(self.text))
            if isinstance(node, ast.Name) and node.id not in _CALLS
        )

    @property
    def constant(self) -> int | None:
        """The value, if the expression depends on no symbol."""
        return None if self.symbols else int(self.at({}))

    def at(self, symbols: Symbols) -> NDArray[np.int64]:
        """Return the value with each symbol bound; arrays broadcast.

        Raises:
            EdgeAsrError: if a symbol is not bound, something is divided by zero, or a number has no 64 bits.
        """
        try:
            return np.asarray(_evaluate(_parsed(self.text), symbols, self.text), dtype=np.int64)
        except (RecursionError, OverflowError) as error:
            raise EdgeAsrError(
                f"extent '{self.text:.60}' nests too deep or is too large to be one"
            ) from error

    def __add__(self, other: "Dim | int") -> "Dim":
        return Dim.of(f"({self.text}) + ({Dim.of(other).text})")

    def __sub__(self, other: "Dim | int") -> "Dim":
        return Dim.of(f"({self.text}) - ({Dim.of(other).text})")

    def __mul__(self, other: "Dim | int") -> "Dim":
        return Dim.of(f"({self.text}) * ({Dim.of(other).text})")

    def __floordiv__(self, other: "Dim | int") -> "Dim":
        return Dim.of(f"({self.text}) // ({Dim.of(other).text})")


def product(dims: tuple[Dim, ...]) -> Dim:
    """Return the product of some extents; 1 for none."""
    total = Dim("1")
    for dim in dims:
        total = total * dim
    return total


@functools.lru_cache(maxsize=65_536)
def _canonical(text: str) -> str:
    tree = _parsed(text)
    try:
        folded = _Fold().visit(ast.parse(ast.unparse(tree), mode="eval").body)
        return ast.unparse(folded)
    except (RecursionError, OverflowError) as error:
        raise EdgeAsrError(f"extent '{text:.60}' nests too deep or is too large to be one") from error


@functools.lru_cache(maxsize=16_384)
def _parsed(text: str) -> ast.expr:
    if len(text) > MAX_TEXT_LENGTH:
        raise EdgeAsrError(f"extent of {len(text)} characters; at most {MAX_TEXT_LENGTH} are accepted")
    try:
        body = ast.parse(text, mode="eval").body
    except (SyntaxError, RecursionError) as error:
        raise EdgeAsrError(f"'{text}' is no integer expression") from error
    for node in ast.walk(body):
        if not isinstance(node, _ALLOWED) or (isinstance(node, ast.Constant) and type(node.value) is not int):
            raise EdgeAsrError(f"'{text}' is no integer expression of +, -, *, //, min and max")
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in _CALLS):
            raise EdgeAsrError(f"'{text}' calls something other than min and max")
    return body


def _evaluate(node: ast.expr, symbols: Symbols, text: str) -> NDArray[np.int64] | int:
    match node:
        case ast.Constant(value=int() as value):
            return value
        case ast.Name(id=name):
            if name not in symbols:
                bound = ", ".join(sorted(symbols)) or "none"
                raise EdgeAsrError(f"extent '{text}' needs symbol '{name}'; bound: {bound}")
            return symbols[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_evaluate(operand, symbols, text)
        case ast.BinOp(left=left, op=op, right=right):
            number, other = _evaluate(left, symbols, text), _evaluate(right, symbols, text)
            if isinstance(op, ast.FloorDiv) and not np.all(other):
                raise EdgeAsrError(f"extent '{text}' divides by zero")
            return _BINARY[type(op)](number, other)
        case ast.Call(func=ast.Name(id=name), args=args):
            return functools.reduce(_CALLS[name], [_evaluate(arg, symbols, text) for arg in args])
    raise EdgeAsrError(f"'{text}' is no integer expression of +, -, *, //, min and max")


class _Fold(ast.NodeTransformer):
    """Evaluates what depends on no symbol and drops neutral elements."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left: ast.expr = self.visit(node.left)
        right: ast.expr = self.visit(node.right)
        folded = ast.BinOp(left=left, op=node.op, right=right)
        if isinstance(left, ast.Constant) and isinstance(right, ast.Constant):
            return ast.Constant(int(_evaluate(folded, {}, ast.unparse(folded))))
        if isinstance(node.op, ast.Mult | ast.FloorDiv) and _is(right, 1):
            return left
        if isinstance(node.op, ast.Add | ast.Sub) and _is(right, 0):
            return left
        if (isinstance(node.op, ast.Mult) and _is(left, 1)) or (
            isinstance(node.op, ast.Add) and _is(left, 0)
        ):
            return right
        return folded


def _is(node: ast.expr, value: int) -> bool:
    return isinstance(node, ast.Constant) and node.value == value


_ALLOWED = (
    ast.Constant, ast.Name, ast.Load, ast.BinOp, ast.UnaryOp, ast.USub, ast.Add, ast.Sub, ast.Mult,
    ast.FloorDiv, ast.Call,
)  # fmt: skip
_BINARY = {ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.FloorDiv: np.floor_divide}
_CALLS = {"min": np.minimum, "max": np.maximum}
