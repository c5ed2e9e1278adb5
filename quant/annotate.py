"""A recipe applied to a float graph gives the graph of the quantized network. Needs no torch."""

from dataclasses import replace

from quant.methods import METHODS
from quant.recipe import Recipe
from quant.rotations.names import is_rotation
from traces.errors import EdgeAsrError
from traces.formats import FLOAT16, Format
from traces.graph import Graph, Op, Operand, OpKind, Role, settle
from traces.workload import Phase


def annotate(graph: Graph, recipe: Recipe) -> Graph:
    """Return the graph with the formats of a recipe, stored tensors settled.

    What methods build into the network is built into the graph first. Products, convolutions and lookups take
    their module's rule; products of two activations their attention's. A cached key or value is stored in
    the kv format of its attention. Everything else is in the recipe's float format. The front end is no part
    of the network that recipes quantize, and stays as it is.

    Raises:
        EdgeAsrError: if no rule names the module of an op with weights, or an attention.
    """
    if graph.phase == Phase.FRONTEND:
        return graph
    for step in recipe.methods:
        change = METHODS[step.name].annotate
        if change is not None:
            graph = change(graph, step.config, recipe)
    roles = {tensor.name: tensor.role for tensor in graph.tensors}
    probabilities = {name for op in graph.ops if op.kind is OpKind.SOFTMAX for name in op.writes}
    kv: dict[str, Format] = {}
    ops = []
    for op in graph.ops:
        ops.append(replace(op, reads=_reads(op, recipe, roles, probabilities)))
        for name in (*(operand.tensor for operand in op.reads), *op.writes):
            if roles[name] is Role.KV:
                kv[name] = recipe.attention_formats(_attention_of(op)).kv
    tensors = tuple(replace(tensor, format=kv.get(tensor.name, FLOAT16)) for tensor in graph.tensors)
    return settle(replace(graph, ops=tuple(ops), tensors=tensors), FLOAT16)


def _reads(op: Op, recipe: Recipe, roles: dict[str, Role], probabilities: set[str]) -> tuple[Operand, ...]:
    if op.kind is OpKind.ACTIVATION_PRODUCT:
        attention = recipe.attention_formats(op.module)
        moving, fixed = op.reads
        first = attention.probability if moving.tensor in probabilities else attention.query
        return replace(moving, format=first), replace(fixed, format=attention.kv)
    holds_weights = any(roles[operand.tensor] is Role.WEIGHT for operand in op.reads)
    if is_rotation(op.module) or (not holds_weights and op.kind is not OpKind.NORMALISATION):
        return tuple(replace(operand, format=FLOAT16) for operand in op.reads)
    rule = recipe.layer_formats(op.module)
    if op.kind is OpKind.NORMALISATION and not (rule.weight.is_float and rule.activation.is_float):
        raise EdgeAsrError(
            f"recipe '{recipe.name}' gives the norm '{op.module}' {rule.weight}, but norms have no quantized "
            f"form; name it in a rule with {FLOAT16}"
        )
    return tuple(
        replace(operand, format=rule.weight if roles[operand.tensor] is Role.WEIGHT else rule.activation)
        for operand in op.reads
    )


def _attention_of(op: Op) -> str:
    """Return the attention module of an op that touches keys or values.

    Raises:
        EdgeAsrError: if the op is a projection without a parent module.
    """
    if op.kind is not OpKind.WEIGHT_PRODUCT:
        return op.module
    parent, _, projection = op.module.rpartition(".")
    if not parent:
        raise EdgeAsrError(
            f"op {op.name}: '{projection}' writes keys or values, but belongs to no attention module"
        )
    return parent
