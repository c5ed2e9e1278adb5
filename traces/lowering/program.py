"""Walks an exported program and lowers every node that a result depends on."""

from collections.abc import Mapping, Sequence

from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind
from torch.fx import Node

from traces.dims import Dim
from traces.errors import EdgeAsrError, unknown_name
from traces.graph import Graph, Role
from traces.lowering.context import (
    EmptyCache,
    Fixed,
    Index,
    Lowering,
    Parameter,
    Ref,
    Value,
    has_tensor,
    tensor_of,
)
from traces.lowering.gather import RULES as LOOKUPS
from traces.lowering.layout import RULES as LAYOUTS
from traces.lowering.rotary import Rotary, find_rotaries, rotary
from traces.lowering.rules import RULES
from traces.symbols import SymbolNames

UNFOLDED = frozenset(LOOKUPS) | frozenset(LAYOUTS)
"""Ops on weights that stand for the weights themselves, or pick rows of them."""


def lower(
    program: ExportedProgram,
    symbols: SymbolNames,
    *,
    name: str,
    phase: str,
    prefix: str,
    input_names: Mapping[str, str],
    kv_inputs: frozenset[str],
    output_role: Role,
) -> tuple[Graph, Mapping[str, int]]:
    """Return the graph of a program, not yet fused, and how many input columns of a weight product are float.

    `prefix` is stripped from module names. `input_names` renames placeholders; those in `kv_inputs` are
    caches.

    Raises:
        EdgeAsrError: at an op without a rule, naming op, module and shapes.
    """
    nodes = list(program.graph.nodes)
    results = [node for node in nodes[-1].all_input_nodes if has_tensor(node)]
    rotaries = find_rotaries(nodes)
    needed = _needed(results, rotaries)
    low = Lowering(symbols, prefix=prefix)
    inputs: list[str] = []
    for node, kind, target in _placeholders(program, nodes):
        value = _input(low, node, kind, target, input_names, kv_inputs)
        low.values[node] = value
        if isinstance(value, Ref) and node in needed:
            inputs.append(value.tensor)
    for node in nodes:
        if node.op == "call_function" and node in needed:
            _lower_node(low, node, rotaries.get(node))
    outputs = tuple(_output(low, node, output_role) for node in results)
    read = {*inputs, *outputs, *(tensor for op in low.ops for tensor in op.writes)}
    read |= {operand.tensor for op in low.ops for operand in op.reads}
    read |= {item.operand for op in low.ops for item in op.epilogues if item.operand is not None}
    tensors = tuple(tensor for tensor in low.tensors.values() if tensor.name in read)
    graph = Graph(name, phase, tuple(low.ops), tensors, tuple(inputs), outputs)
    return graph, low.n_float


def _needed(results: Sequence[Node], rotaries: Mapping[Node, Rotary]) -> set[Node]:
    """Return what the results depend on; inside a rotary embedding nothing else does."""
    needed: set[Node] = set()
    stack = list(results)
    while stack:
        node = stack.pop()
        if node not in needed:
            needed.add(node)
            match = rotaries.get(node)
            stack.extend(node.all_input_nodes if match is None else (match.x, match.cos, match.sin))
    return needed


def _placeholders(
    program: ExportedProgram, nodes: Sequence[Node]
) -> list[tuple[Node, InputKind, str | None]]:
    specs = program.graph_signature.input_specs
    holders = [node for node in nodes if node.op == "placeholder"]
    return [(node, spec.kind, spec.target) for node, spec in zip(holders, specs, strict=True)]


def _input(
    low: Lowering,
    node: Node,
    kind: InputKind,
    target: str | None,
    input_names: Mapping[str, str],
    kv_inputs: frozenset[str],
) -> Value:
    if kind in (InputKind.PARAMETER, InputKind.BUFFER):
        fqn = str(target).removeprefix(low.prefix)
        return Parameter(fqn, is_learned=kind is InputKind.PARAMETER)
    if not has_tensor(node):
        return Index()
    value = tensor_of(node)
    if kind is InputKind.CONSTANT_TENSOR:
        return EmptyCache() if value.numel() == 0 else Fixed()
    if not value.is_floating_point():
        return Index()
    role = Role.KV if node.name in kv_inputs else Role.ACTIVATION
    return Ref(low.add_tensor(input_names.get(node.name, node.name), low.shape(node), role=role))


def _lower_node(low: Lowering, node: Node, match: Rotary | None) -> None:
    if not has_tensor(node) and not isinstance(node.meta.get("val"), list | tuple):
        return  # sizes and assertions
    target = str(node.target)
    if match is not None:
        low.values[node] = rotary(low, node, match=match)
        return
    derived = _without_cost(low, node, target)
    if derived is not None:
        low.values[node] = derived
        return
    if target not in RULES:
        hint = unknown_name("op", target, known=RULES)
        raise low.error(node, f"no lowering rule; add one to traces/lowering ({hint})")
    low.values[node] = RULES[target](low, node)


def _without_cost(low: Lowering, node: Node, target: str) -> Value | None:
    """Return the value of a node made of positions and indices alone, which costs nothing; else None."""
    values = [low.values[operand] for operand in node.all_input_nodes if operand in low.values]
    if any(isinstance(value, EmptyCache) for value in values):
        return None
    if all(isinstance(value, Fixed) or _is_buffer(value) for value in values):
        return Fixed()
    if target not in UNFOLDED and all(isinstance(value, Fixed | Parameter) for value in values):
        return Fixed()  # what follows from weights alone is folded into a constant before deployment
    if has_tensor(node) and not tensor_of(node).is_floating_point():
        return Index()
    if target in LOOKUPS or not target.startswith("aten."):
        return None
    if all(isinstance(value, Fixed | Index) or _is_buffer(value) for value in values):
        return Index()
    return None


def _is_buffer(value: Value) -> bool:
    return isinstance(value, Parameter) and not value.is_learned


def _output(low: Lowering, node: Node, role: Role) -> str:
    """Return the tensor that leaves the graph, in the shape in which it leaves."""
    name = low.ref(node)
    tensor = low.tensors[name]
    if tensor.role is Role.ACTIVATION:
        shape: tuple[Dim, ...] = low.shape(node)
        low.retype(name, shape, role=role)
    elif tensor.role is not Role.KV:
        raise EdgeAsrError(f"result '{name}' is a {tensor.role}, which no op of the graph writes")
    return name
