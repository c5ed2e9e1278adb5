"""Tracing: any exportable module becomes a `Graph`. Needs torch; nothing is computed."""

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from traces.faults import one_line
from traces.float_columns import with_float_columns
from traces.fold import fold_batch_norms
from traces.formats import FLOAT16
from traces.fuse import fuse
from traces.graph import Graph, Role, check, settle
from traces.lowering.context import has_tensor
from traces.lowering.program import lower
from traces.symbols import SymbolNames, torch_dynamic_shapes
from traces.ties import share_tied


def trace_module(
    module: nn.Module,
    example_inputs: Sequence[object],
    *,
    name: str,
    phase: str = "forward",
    dynamic_shapes: Sequence[object] | None = None,
    prefix: str = "",
    input_names: Mapping[str, str] | None = None,
    kv_inputs: Sequence[str] = (),
    output_role: Role = Role.ACTIVATION,
    ties: Mapping[str, str] | None = None,
) -> Graph:
    """Return a module's dataflow graph.

    Modules and inputs may live on the meta device: no weights are needed. `dynamic_shapes` mirrors
    `example_inputs`; each leaf maps axes to the symbol (or expression over symbols) they are called by, None
    means a fixed shape. `prefix` is what wrapper modules add to module names. `input_names` renames the
    exported placeholders; those listed in `kv_inputs` are caches. `ties` names weights that are stored once:
    alias -> owner.
    Weights, activations and caches are stored as float16 in the graph; a recipe says otherwise.

    Raises:
        EdgeAsrError: if torch cannot export the module, or at an op without a rule.
    """
    inputs = tuple(example_inputs)
    axes = None if dynamic_shapes is None else tuple(dynamic_shapes)
    with one_line(f"{name}/{phase}: torch.export cannot trace {type(module).__name__}"), torch.no_grad():
        program = torch.export.export(module, inputs, dynamic_shapes=torch_dynamic_shapes(axes), strict=False)
    wanted = set(program.graph_signature.user_inputs)
    values = [
        node.meta["val"]
        for node in program.graph.nodes
        if node.op == "placeholder" and node.name in wanted and has_tensor(node)
    ]
    graph, n_float = lower(
        program,
        SymbolNames(axes, inputs, values),
        name=name,
        phase=phase,
        prefix=prefix,
        input_names=input_names or {},
        kv_inputs=frozenset(kv_inputs),
        output_role=output_role,
    )
    fused = share_tied(fuse(fold_batch_norms(graph)), ties or {})
    settled = settle(with_float_columns(fused, n_float), FLOAT16)
    check(settled)
    return settled
