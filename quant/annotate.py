"""A recipe applied to a float graph gives the graph of the quantized network. Needs no torch."""

from dataclasses import replace

from quant.float_columns import n_float_columns
from quant.methods import METHODS
from quant.recipe import Recipe
from quant.rotations.names import is_rotation
from traces.errors import EdgeAsrError
from traces.float_columns import FLOAT_PRODUCT, with_float_columns
from traces.formats import FLOAT16, Format
from traces.graph import Graph, Op, Operand, OpKind, Product, Role, settle
from traces.workload import Phase


def annotate(graph: Graph, recipe: Recipe) -> Graph:
    """Return the graph with the formats of a recipe, stored tensors settled.

    What methods build into the network is built into the graph first, and products that keep input columns
    float are taken apart. Products, convolutions and lookups take their module's rule; products of two
    activations their attention's. A cached key or value is stored in the kv format of its attention.
    Everything else is in the recipe's float format. The front end is no part of the network that recipes
    quantize, and stays as it is.

    Raises:
        EdgeAsrError: if no rule names the module of an op with weights, or an attention.
    """
    if graph.phase == Phase.FRONTEND:
        return graph
    for step in recipe.methods:
        change = METHODS[step.name].annotate
        if change is not None:
            graph = change(graph, step.config, recipe)
    mixed, whole = _float_columns(graph, recipe)
    graph = with_float_columns(graph, mixed)
    roles = {tensor.name: tensor.role for tensor in graph.tensors}
    probabilities = {name for op in graph.ops if op.kind is OpKind.SOFTMAX for name in op.writes}
    kv: dict[str, Format] = {}
    ops = []
    for op in graph.ops:
        is_float = op.name in whole or op.function == FLOAT_PRODUCT
        reads = _as_floats(op) if is_float else _reads(op, recipe, roles, probabilities)
        ops.append(replace(op, reads=reads))
        for name in (*(operand.tensor for operand in op.reads), *op.writes):
            if roles[name] is Role.KV:
                kv[name] = recipe.attention_formats(_attention_of(op)).kv
    tensors = tuple(replace(tensor, format=kv.get(tensor.name, FLOAT16)) for tensor in graph.tensors)
    return settle(replace(graph, ops=tuple(ops), tensors=tensors), FLOAT16)


def _float_columns(graph: Graph, recipe: Recipe) -> tuple[dict[str, int], frozenset[str]]:
    """Return how many input columns stay float by the name of a weight product, and those all of whose do."""
    mixed: dict[str, int] = {}
    whole: set[str] = set()
    for op in graph.ops:
        if op.kind is not OpKind.WEIGHT_PRODUCT or not isinstance(op.extents, Product):
            continue
        width = op.extents.k.constant or 0
        count = 0 if is_rotation(op.module) else n_float_columns(recipe, op.module, in_features=width)
        if count == width:
            whole.add(op.name)
        elif count and not recipe.layer_formats(op.module).weight.is_float:
            mixed[op.name] = count
    return mixed, frozenset(whole)


def _as_floats(op: Op) -> tuple[Operand, ...]:
    return tuple(replace(operand, format=FLOAT16) for operand in op.reads)


def _reads(op: Op, recipe: Recipe, roles: dict[str, Role], probabilities: set[str]) -> tuple[Operand, ...]:
    if op.kind is OpKind.ACTIVATION_PRODUCT:
        attention = recipe.attention_formats(op.module)
        moving, fixed = op.reads
        first = attention.probability if moving.tensor in probabilities else attention.query
        return replace(moving, format=first), replace(fixed, format=attention.kv)
    holds_weights = any(roles[operand.tensor] is Role.WEIGHT for operand in op.reads)
    if is_rotation(op.module) or (not holds_weights and op.kind is not OpKind.NORMALISATION):
        return _as_floats(op)
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
