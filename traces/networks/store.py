"""Stored graphs of the catalogue's networks, and the precisions in which their latencies were measured."""

from dataclasses import replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from traces.encoding import graph_from_json
from traces.errors import unknown_name
from traces.formats import FLOAT16, INT8_CHANNEL, INT8_TENSOR, Format, Granularity
from traces.graph import Graph, Op, Operand, Role
from traces.networks.catalogue import NETWORKS
from traces.store import SUFFIX, read_json

STORED = Path(__file__).parent / "stored"

INT16_TENSOR = Format("int", 16, Granularity.TENSOR)


class Precision(StrEnum):
    """How a vendor's compiler quantizes a whole network: every tensor between two ops, none left in float."""

    FLOAT = "float"
    """float16 throughout."""
    W8A8 = "w8a8"
    """int8 weights per channel, int8 activations, products of two activations in int8 too."""
    W8A16 = "w8a16"
    """int8 weights per channel, int16 activations."""


_WEIGHTS = {
    Precision.FLOAT: FLOAT16, Precision.W8A8: INT8_CHANNEL, Precision.W8A16: INT8_CHANNEL,
}  # fmt: skip
_ACTIVATIONS = {
    Precision.FLOAT: FLOAT16, Precision.W8A8: INT8_TENSOR, Precision.W8A16: INT16_TENSOR,
}  # fmt: skip


@lru_cache(maxsize=64)
def load_network(name: str, precision: Precision = Precision.FLOAT) -> Graph:
    """Return the stored graph of a network of the catalogue in a precision.

    Raises:
        EdgeAsrError: if no network has the name; the nearest known are offered.
    """
    if name not in NETWORKS:
        raise unknown_name("network", name, known=NETWORKS)
    path = STORED / f"{name}{SUFFIX}"
    return in_precision(graph_from_json(read_json(path), source=str(path)), precision)


def in_precision(graph: Graph, precision: Precision) -> Graph:
    """Return a graph with every weight and every other tensor in the formats of a precision.

    Unlike a recipe, which leaves the residual stream and norms in float, this is what integer-only
    deployments run. Constants (biases, norm scales) take the width of the activations.
    """
    formats = {
        tensor.name: _WEIGHTS[precision] if tensor.role is Role.WEIGHT else _ACTIVATIONS[precision]
        for tensor in graph.tensors
    }

    def computed(op: Op) -> Op:
        return replace(op, reads=tuple(Operand(item.tensor, formats[item.tensor]) for item in op.reads))

    return replace(
        graph,
        ops=tuple(computed(op) for op in graph.ops),
        tensors=tuple(replace(tensor, format=formats[tensor.name]) for tensor in graph.tensors),
    )
