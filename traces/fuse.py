"""Fusion: elementwise work on a result that nobody else reads joins the op that wrote it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from traces.graph import Epilogue, Graph, Op, OpKind, Role, Tensor, tensors_read, with_names

HOSTS = frozenset(
    {
        OpKind.WEIGHT_PRODUCT,
        OpKind.CONVOLUTION,
        OpKind.ACTIVATION_PRODUCT,
        OpKind.NORMALISATION,
        OpKind.ACTIVATION,
        OpKind.ELEMENTWISE,
    }
)
"""Ops whose result passes through registers, where more elementwise work is free of memory traffic."""

FUSABLE = frozenset({"add", "sub", "mul", "div", "scale", "clamp", "neg"})
"""Elementwise functions that walk the result in order; activation functions all do."""


def fuse(graph: Graph) -> Graph:
    """Return the graph with biases, activations, scales and residual sums as epilogues.

    An elementwise op joins the op that wrote one of its operands if nobody else reads that operand, the
    shapes agree, and all its other operands are written earlier. The joined op keeps its name and writes the
    final result under its own tensor's name.
    """
    tensors = graph.tensor_table()
    readers = Counter(tensor for op in graph.ops for tensor in tensors_read(op))
    readers.update(graph.outputs)
    written_at = dict.fromkeys(graph.inputs, -1)
    renamed: dict[str, str] = {}
    ops: list[Op] = []
    for op in graph.ops:
        current = with_names(op, renamed)
        host = _host(current, ops, written_at, readers, tensors)
        if host is None:
            written_at.update(dict.fromkeys(current.writes, len(ops)))
            ops.append(current)
            continue
        position = written_at[host]
        result = tensors.pop(current.writes[0])
        kept = tensors[host]
        tensors[host] = replace(result, name=host, format=kept.format)
        readers[host] = readers[result.name]
        renamed[result.name] = host
        ops[position] = replace(
            ops[position], epilogues=(*ops[position].epilogues, _epilogue(current, host, tensors))
        )
    outputs = tuple(renamed.get(name, name) for name in graph.outputs)
    kept_tensors = tuple(tensors[tensor.name] for tensor in graph.tensors if tensor.name in tensors)
    return replace(graph, ops=tuple(ops), tensors=kept_tensors, outputs=outputs)


def _host(
    op: Op,
    ops: list[Op],
    written_at: Mapping[str, int],
    readers: Mapping[str, int],
    tensors: Mapping[str, Tensor],
) -> str | None:
    """Return the operand whose writer the op joins: the one written last; None if it must stand alone."""
    fusable = op.kind is OpKind.ACTIVATION or (op.kind is OpKind.ELEMENTWISE and op.function in FUSABLE)
    names = tensors_read(op)
    if not fusable or len(names) > 2 or len(set(names)) != len(names):
        return None
    host = max(names, key=lambda name: written_at.get(name, -1))
    position = written_at.get(host, -1)
    if position < 0 or readers[host] != 1 or tensors[host].role is not Role.ACTIVATION:
        return None
    writer = ops[position]
    same_shape = sorted(dim.text for dim in tensors[host].shape) == sorted(
        dim.text for dim in tensors[op.writes[0]].shape
    )
    if writer.kind not in HOSTS or writer.writes != (host,) or not same_shape:
        return None
    if writer.kind is OpKind.ELEMENTWISE and writer.function not in FUSABLE:
        return None
    others = [name for name in names if name != host]
    return host if all(written_at.get(name, -1) < position for name in others) else None


def _epilogue(op: Op, host: str, tensors: Mapping[str, Tensor]) -> Epilogue:
    other = next((name for name in tensors_read(op) if name != host), None)
    is_residual = op.function == "add" and other is not None and tensors[other].role is not Role.CONSTANT
    return Epilogue("residual" if is_residual else op.function, other)
