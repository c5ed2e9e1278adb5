"""Binding: a graph with its symbols given values becomes an `OpTable` of unique rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwmodels.distinct import distinct_rows
from hwmodels.op_table import Floats, Ints, OpTable
from simulator.liveness import live_bytes
from simulator.op_columns import OpColumns, Points
from simulator.visits import Visits
from traces.errors import EdgeAsrError
from traces.formats import Format
from traces.graph import Graph


@dataclass(frozen=True, slots=True)
class Bound:
    """A graph at some points: `ops` holds each distinct row once, `row_of` says where an op finds its own.

    `row_of`: (ops of the graph, points) indices into the rows of `ops`.
    """

    graph: Graph
    ops: OpTable
    row_of: Ints
    visits: Visits
    """The same, summed up."""


@dataclass(frozen=True, slots=True)
class Network:
    """What ops must know of the whole network: see the columns of the same names in `OpTable`."""

    weight_bytes: float
    cache_bytes: float


def bind(
    graph: Graph, points: Points, *, phase_idx: int, network: Network, formats: tuple[Format, ...]
) -> Bound:
    """Return the graph's ops with every symbol bound at every point.

    `formats` lists all formats of the network; the table's format columns index it.

    Raises:
        EdgeAsrError: if a symbol of the graph is missing from `points`.
    """
    missing = sorted(graph.symbols - set(points))
    if missing:
        raise EdgeAsrError(f"graph {graph.name}/{graph.phase} needs values for: {', '.join(missing)}")
    n_points = len(next(iter(points.values()))) if points else 1
    binding = OpColumns(graph, points, n_points, {fmt: code for code, fmt in enumerate(formats)})
    alive = live_bytes(graph, {tensor.name: binding.size_bytes(tensor) for tensor in graph.tensors})
    columns: dict[str, list[Floats]] = {name: [] for name in _COLUMNS}
    for op in graph.ops:
        row = binding.row(op)
        for name in _COLUMNS:
            columns[name].append(
                np.broadcast_to(np.asarray(row.get(name, 0.0), dtype=np.float64), (n_points,))
            )
    columns["live_bytes"] = list(alive)
    flat = {name: np.concatenate(values) for name, values in columns.items()}
    kept, inverse = distinct_rows(np.stack(list(flat.values())))
    op_idx = np.repeat(np.arange(len(graph.ops), dtype=np.int64), n_points)[kept]
    table = _table({name: values[kept] for name, values in flat.items()}, op_idx, phase_idx, network, formats)
    row_of = inverse.reshape(len(graph.ops), n_points)
    return Bound(graph, table, row_of, Visits.of(row_of))


_COLUMNS = (
    "op_class", "batch", "m", "m_inner", "k", "n", "kernel", "stride", "in_channels", "weight_format",
    "activation_format", "weight_bytes", "input_bytes", "second_bytes", "epilogue_bytes", "output_bytes",
    "weight_elements", "weight_groups", "elements", "element_steps", "macs", "appended_to_cache",
    "second_from_cache", "convolution", "live_bytes", "entering_bytes", "leaving_elements",
    "function_steps", "copied_elements",
)  # fmt: skip
_CODES = ("op_class", "weight_format", "activation_format")
_FLAGS = ("appended_to_cache", "second_from_cache", "convolution")


def _table(
    columns: Mapping[str, NDArray[np.float64]],
    op_idx: Ints,
    phase_idx: int,
    network: Network,
    formats: tuple[Format, ...],
) -> OpTable:
    n_rows = len(op_idx)
    codes = {name: columns[name].astype(np.int64) for name in _CODES}
    flags = {name: columns[name] != 0 for name in _FLAGS}
    typed: dict[str, Any] = {**columns, **codes, **flags}  # one array type per column, known to OpTable alone
    return OpTable(
        formats=formats,
        phase_idx=np.full(n_rows, phase_idx, dtype=np.int64),
        op_idx=op_idx,
        network_weight_bytes=np.full(n_rows, network.weight_bytes),
        cache_bytes=np.full(n_rows, network.cache_bytes),
        **typed,
    )
