"""Normalisations: all walk rows and read a small scale and shift."""

from torch.fx import Node

from traces.dims import Dim, product
from traces.graph import OpKind, Rows
from traces.lowering.context import Lowering, Parameter, Value, arg, node_arg


def layer_norm(low: Lowering, node: Node) -> Value:
    """x: (..., d), normalised over the axes it is told."""
    axes = arg(node, 1, "normalized_shape")
    n_axes = len(axes) if isinstance(axes, list | tuple) else 1
    shape = low.shape(node)
    return _emit(low, node, "layer_norm", Rows(product(shape[:-n_axes]), product(shape[-n_axes:])))


def rms_norm(low: Lowering, node: Node) -> Value:
    """x: (..., d), scaled by its root mean square."""
    return _emit(low, node, "rms_norm", low.rows(node))


def group_norm(low: Lowering, node: Node) -> Value:
    """x: (batch, channels, *size): a row is one group of channels over all positions."""
    groups = arg(node, 1, "num_groups")
    if not isinstance(groups, int):
        raise low.error(node, "the number of groups is no constant")
    batch, *rest = low.shape(node)
    return _emit(low, node, "group_norm", Rows(batch * groups, product(tuple(rest)) // Dim(str(groups))))


def batch_norm(low: Lowering, node: Node) -> Value:
    """x: (batch, channels, *size) at inference: one multiply-add per element with folded statistics."""
    return _emit(low, node, "batch_norm", low.channel_rows(node))


def _emit(low: Lowering, node: Node, function: str, extents: Rows) -> Value:
    constants = [
        low.read(operand)
        for operand in node.all_input_nodes[1:]
        if isinstance(low.values.get(operand), Parameter)
    ]
    reads = (low.read(node_arg(node, 0, "input")), *constants)
    return low.emit(node, OpKind.NORMALISATION, function=function, extents=extents, reads=reads)


RULES = {
    "aten.layer_norm.default": layer_norm,
    "aten.rms_norm.default": rms_norm,
    "aten.group_norm.default": group_norm,
    "aten.batch_norm.default": batch_norm,
    "aten._native_batch_norm_legit_no_training.default": batch_norm,
}
