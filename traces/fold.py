"""Folding: what every deployment does to a network's constants before it runs."""

from collections import Counter
from dataclasses import replace

from traces.graph import Epilogue, Graph, Op, OpKind, tensors_read, with_names

HAVE_WEIGHTS = frozenset({OpKind.CONVOLUTION, OpKind.WEIGHT_PRODUCT})


def fold_batch_norms(graph: Graph) -> Graph:
    """Return the graph with each batch normalisation folded into the weights and bias of the layer before it.

    Its scale multiplies the output channels of the weights and its shift becomes the layer's bias, so that
    nothing of it is left to compute (Jacob et al., "Quantization and Training of Neural Networks for
    Efficient Integer-Arithmetic-Only Inference", section 3.2). One whose operand others read too, or that
    follows something without weights, stays.
    """
    readers = Counter(tensor for op in graph.ops for tensor in tensors_read(op))
    readers.update(graph.outputs)
    written_at: dict[str, int] = {}
    renamed: dict[str, str] = {}
    ops: list[Op] = []
    for op in graph.ops:
        current = with_names(op, renamed)
        source = current.reads[0].tensor if current.reads else ""
        position = written_at.get(source, -1)
        is_folded = (
            current.function == "batch_norm"
            and position >= 0
            and ops[position].kind in HAVE_WEIGHTS
            and readers[source] == 1
        )
        if is_folded:
            ops[position] = _with_bias(ops[position], current)
            renamed[current.writes[0]] = source
            readers[source] = readers[current.writes[0]]
        else:
            written_at.update(dict.fromkeys(current.writes, len(ops)))
            ops.append(current)
    outputs = tuple(renamed.get(name, name) for name in graph.outputs)
    used = {*graph.inputs, *outputs, *(name for op in ops for name in (*tensors_read(op), *op.writes))}
    tensors = tuple(tensor for tensor in graph.tensors if tensor.name in used)
    return replace(graph, ops=tuple(ops), tensors=tensors, outputs=outputs)


def _with_bias(op: Op, norm: Op) -> Op:
    """Return the layer with the norm's shift as its bias, unless it has one to take the shift up."""
    has_bias = any(epilogue.function == "bias" for epilogue in op.epilogues)
    shift = norm.reads[2].tensor  # x, scale, shift, mean, variance
    return op if has_bias else replace(op, epilogues=(*op.epilogues, Epilogue("bias", shift)))
