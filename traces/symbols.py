"""Shapes of exported tensors, as `Dim`s over our own symbols."""

import ast
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch.export import Dim as ExportDim
from torch.utils._pytree import tree_flatten

from traces.dims import Dim
from traces.errors import EdgeAsrError

Axes = Mapping[int, str]
"""Axis -> what its extent is called: a symbol such as `batch`, or an expression over symbols."""


def torch_dynamic_shapes(axes: object) -> Any:
    """Return what torch.export wants for nested inputs whose leaves are `Axes`; None is a fixed shape.

    Raises:
        EdgeAsrError: if a leaf is something else.
    """
    if axes is None:
        return None
    if isinstance(axes, Mapping):
        return dict.fromkeys(axes, ExportDim.DYNAMIC)
    if isinstance(axes, list | tuple):
        return type(axes)(torch_dynamic_shapes(leaf) for leaf in axes)
    raise EdgeAsrError(f"dynamic shapes hold {type(axes).__name__}; wanted mappings from axis to symbol")


class SymbolNames:
    """Knows what torch calls each of our symbols in one exported program."""

    def __init__(self, axes: object, inputs: object, placeholders: list[torch.Tensor]) -> None:
        """Match the leaves of `axes` to the program's `placeholders`, both in the order of `inputs`."""
        self._trees: dict[str, ast.expr] = {}
        leaves = list(_leaves(axes, inputs))
        for leaf, value in zip(leaves, placeholders, strict=True):
            for axis, text in leaf.items():
                symbol = _text(value.shape[axis])
                if not symbol.isdigit():
                    self._trees.setdefault(symbol, ast.parse(Dim.of(text).text, mode="eval").body)

    def dim(self, size: int | torch.SymInt) -> Dim:
        """Return an extent over our symbols.

        Raises:
            EdgeAsrError: if torch made a symbol that was not named.
        """
        if isinstance(size, int):
            return Dim(str(size))
        tree = ast.parse(_text(size), mode="eval").body
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id not in (*self._trees, "min", "max"):
                raise EdgeAsrError(
                    f"extent '{_text(size)}' depends on '{node.id}', an input size without a name; "
                    "name it in dynamic_shapes"
                )
        return Dim.of(ast.unparse(_Substitute(self._trees).visit(tree)))

    def shape(self, value: torch.Tensor) -> tuple[Dim, ...]:
        """Return a tensor's shape over our symbols."""
        return tuple(self.dim(size) for size in value.shape)


class _Substitute(ast.NodeTransformer):
    def __init__(self, trees: Mapping[str, ast.expr]) -> None:
        self._trees = trees

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._trees.get(node.id, node)


def _text(size: int | torch.SymInt) -> str:
    return str(size).replace("Min(", "min(").replace("Max(", "max(")


def _leaves(axes: object, inputs: object) -> Iterator[Axes]:
    """Yield the `Axes` of every tensor in `inputs`, none named where `axes` has None."""
    if axes is None:
        for _ in tree_flatten(inputs)[0]:
            yield {}
    elif isinstance(axes, Mapping):
        yield axes
    elif isinstance(axes, list | tuple) and isinstance(inputs, list | tuple):
        for inner, value in zip(axes, inputs, strict=True):
            yield from _leaves(inner, value)
