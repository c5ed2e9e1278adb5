"""Workloads and single graphs as JSON: lists, with repeated parts (extents, formats) in tables. No torch."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from traces.dims import Dim
from traces.errors import EdgeAsrError
from traces.formats import Format
from traces.graph import (
    Convolution,
    Epilogue,
    Extents,
    Graph,
    Op,
    Operand,
    OpKind,
    Product,
    Role,
    Rows,
    Tensor,
)
from traces.workload import Workload

SCHEMA = 1
"""Version of the layout below; a reader refuses any other."""

Json = dict[str, Any] | list[Any] | str | int | float | bool | None


def to_json(workload: Workload) -> Json:
    """Return a workload as JSON values; equal workloads give equal values."""
    writer = _Writer()
    graphs = [writer.graph(graph) for graph in workload.graphs]
    return {
        "schema": SCHEMA,
        "name": workload.name,
        "family": workload.family,
        "prompt_tokens": workload.prompt_tokens,
        "max_tokens": workload.max_tokens,
        "window_s": workload.window_s,
        "parameters": workload.parameters,
        "dims": list(writer.dims),
        "formats": list(writer.formats),
        "graphs": graphs,
    }


def from_json(value: Json, *, source: str) -> Workload:
    """Return the workload of JSON values read from `source`.

    Raises:
        EdgeAsrError: if the schema is another, or anything is missing or of the wrong kind.
    """
    return _decoded(value, _workload, source=source, what="workload")


def graph_to_json(graph: Graph) -> Json:
    """Return one graph as JSON values; equal graphs give equal values."""
    writer = _Writer()
    encoded = writer.graph(graph)
    return {
        "schema": SCHEMA,
        "name": graph.name,
        "dims": list(writer.dims),
        "formats": list(writer.formats),
        "graph": encoded,
    }


def graph_from_json(value: Json, *, source: str) -> Graph:
    """Return the graph of JSON values read from `source`.

    Raises:
        EdgeAsrError: if the schema is another, or anything is missing or of the wrong kind.
    """
    return _decoded(value, _graph, source=source, what="graph")


_T = TypeVar("_T")


def _decoded(value: Json, decode: Callable[[dict[str, Any]], _T], *, source: str, what: str) -> _T:
    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        found = value.get("schema") if isinstance(value, dict) else None
        raise EdgeAsrError(
            f"{source}: schema {found} is not {SCHEMA}; rebuild it with python -m traces.rebuild"
        )
    try:
        return decode(value)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise EdgeAsrError(
            f"{source}: no {what} ({reason}); rebuild it with python -m traces.rebuild"
        ) from error


def _workload(value: dict[str, Any]) -> Workload:
    reader = _Reader(value["dims"], value["formats"])
    return Workload(
        name=str(value["name"]),
        family=value["family"],
        graphs=tuple(reader.graph(str(value["name"]), graph) for graph in value["graphs"]),
        prompt_tokens=int(value["prompt_tokens"]),
        max_tokens=int(value["max_tokens"]),
        window_s=None if value["window_s"] is None else float(value["window_s"]),
        parameters=int(value["parameters"]),
    )


def _graph(value: dict[str, Any]) -> Graph:
    return _Reader(value["dims"], value["formats"]).graph(str(value["name"]), value["graph"])


class _Writer:
    """Collects the tables while graphs are written."""

    def __init__(self) -> None:
        self.dims: dict[str, int] = {}
        self.formats: dict[str, int] = {}

    def graph(self, graph: Graph) -> Json:
        place = {tensor.name: idx for idx, tensor in enumerate(graph.tensors)}
        return {
            "phase": str(graph.phase),
            "tensors": [
                [tensor.name, self._dims(tensor.shape), str(tensor.role), self._format(tensor.format)]
                for tensor in graph.tensors
            ],
            "ops": [self._op(op, place) for op in graph.ops],
            "inputs": [place[name] for name in graph.inputs],
            "outputs": [place[name] for name in graph.outputs],
        }

    def _op(self, op: Op, place: dict[str, int]) -> Json:
        return [
            op.name,
            str(op.kind),
            op.module,
            op.function,
            self._extents(op.extents),
            [[place[item.tensor], self._format(item.format)] for item in op.reads],
            [place[name] for name in op.writes],
            [[item.function, None if item.operand is None else place[item.operand]] for item in op.epilogues],
        ]

    def _extents(self, extents: Extents) -> list[Any]:
        match extents:
            case Product(batch, m, k, n):
                return ["product", *self._dims((batch, m, k, n))]
            case Rows(rows, row_length):
                return ["rows", *self._dims((rows, row_length))]
            case Convolution() as conv:
                channels = [conv.in_channels, conv.out_channels, conv.groups]
                sizes = [self._dims(conv.in_size), self._dims(conv.out_size)]
                return [
                    "convolution",
                    *self._dims((conv.batch,)),
                    *channels,
                    conv.kernel,
                    conv.stride,
                    *sizes,
                ]

    def _dims(self, dims: Sequence[Dim]) -> list[int]:
        return [self.dims.setdefault(dim.text, len(self.dims)) for dim in dims]

    def _format(self, number_format: Format) -> int:
        return self.formats.setdefault(number_format.name, len(self.formats))


class _Reader:
    """Looks repeated parts up in the tables."""

    def __init__(self, dims: list[str], formats: list[str]) -> None:
        self._all_dims = [Dim.of(text) for text in dims]
        self._formats = [Format.parse(name) for name in formats]

    def graph(self, name: str, value: dict[str, Any]) -> Graph:
        tensors = tuple(
            Tensor(tensor, self._dims(shape), _ROLES[role], self._formats[number_format])
            for tensor, shape, role, number_format in value["tensors"]
        )
        names = [tensor.name for tensor in tensors]
        return Graph(
            name=name,
            phase=str(value["phase"]),
            ops=tuple(self._op(op, names) for op in value["ops"]),
            tensors=tensors,
            inputs=tuple(names[idx] for idx in value["inputs"]),
            outputs=tuple(names[idx] for idx in value["outputs"]),
        )

    def _op(self, value: list[Any], names: list[str]) -> Op:
        name, kind, module, function, extents, reads, writes, epilogues = value
        return Op(
            name,
            _KINDS[kind],
            module,
            function,
            self._extents(extents),
            tuple(Operand(names[idx], self._formats[number_format]) for idx, number_format in reads),
            tuple(names[idx] for idx in writes),
            tuple(Epilogue(step, None if idx is None else names[idx]) for step, idx in epilogues),
        )

    def _extents(self, value: list[Any]) -> Extents:
        match value:
            case ["product", *dims]:
                return Product(*self._dims(cast("list[int]", dims)))
            case ["rows", *dims]:
                return Rows(*self._dims(cast("list[int]", dims)))
            case ["convolution", batch, in_channels, out_channels, groups, kernel, stride, in_size, out_size]:
                return Convolution(
                    batch=self._all_dims[batch],
                    in_channels=in_channels,
                    out_channels=out_channels,
                    groups=groups,
                    kernel=tuple(kernel),
                    stride=tuple(stride),
                    in_size=self._dims(in_size),
                    out_size=self._dims(out_size),
                )
        raise ValueError(f"extents '{value}' are of no known type")

    def _dims(self, idxs: Sequence[int]) -> tuple[Dim, ...]:
        return tuple(self._all_dims[idx] for idx in idxs)


_KINDS = {str(kind): kind for kind in OpKind}
_ROLES = {str(role): role for role in Role}
