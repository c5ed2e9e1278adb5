"""A stored float graph turned into that of the rotated network, as tracing it would. Needs no torch."""

import re
from dataclasses import replace

from quant.recipe import Recipe
from quant.rotations.choices import OnlineChoices
from quant.rotations.names import HADAMARD, KEY_HADAMARD, QUERY_HADAMARD, ROTATION
from quant.rotations.orders import hadamard_order
from traces.dims import Dim, product
from traces.errors import EdgeAsrError
from traces.formats import FLOAT16
from traces.graph import Epilogue, Graph, Op, Operand, OpKind, Product, Role, Rows, Tensor, tensors_read
from traces.workload import Phase

_ENTRY = re.compile(r"(?P<layer>model\.(encoder|decoder)\.layers\.0)\.(self_attn_layer_norm|input_layernorm)")
_LAST_NORM = re.compile(r"model\.decoder\.(layer_norm|norm)")
_STREAM_NORM = re.compile(r"model\.((encoder|decoder)\.layers\.\d+\.\w+|encoder\.layer_norm)")
_FC2 = re.compile(r"(?P<parent>model\.(?P<stack>encoder|decoder)\.layers\.\d+(?P<mlp>\.mlp)?)\.fc2")


def rotated_graph(graph: Graph, choices: OnlineChoices, *, recipe: Recipe) -> Graph:
    """Return the graph with weightless norms, rotations at the ends of the streams, Hadamard transforms.

    Raises:
        EdgeAsrError: the graph is of no Whisper or Moonshine, or is rotated already.
    """
    if graph.phase == Phase.CROSS_KV:
        return graph
    editor = _Editor(graph)
    for op in graph.ops:
        if op.kind is OpKind.NORMALISATION:
            _put_norm_(editor, op)
            continue
        if choices.mlp_hadamard:
            _rotate_mlp_(editor, op)
        if choices.key_hadamard:
            _rotate_keys_(editor, op, recipe)
        editor.put_(op)
    return editor.graph()


def _put_norm_(editor: "_Editor", op: Op) -> None:
    """Rotate what enters a stack, and rotate back in front of the decoder's last norm."""
    entry = _ENTRY.fullmatch(op.module)
    if entry is not None:
        editor.rotate_(op, f"{entry['layer']}.{ROTATION}")
    elif _LAST_NORM.fullmatch(op.module):
        editor.rotate_(op, f"{op.module}.{ROTATION}")
    if _STREAM_NORM.fullmatch(op.module):
        editor.put_weightless_(op)
    else:
        editor.put_(op)


def _rotate_mlp_(editor: "_Editor", op: Op) -> None:
    """Rotate what fc2 reads; a gated MLP does so behind its product, others behind the activation."""
    fc2 = _FC2.fullmatch(op.module)
    if fc2 is not None:
        is_gated = fc2["mlp"] is not None and fc2["stack"] == "decoder"
        holder = fc2["parent"] if is_gated else f"{fc2['parent']}.activation_fn"
        editor.transform_(op, op.reads[0].tensor, module=f"{holder}.{HADAMARD}")


def _rotate_keys_(editor: "_Editor", op: Op, recipe: Recipe) -> None:
    """In front of the first reader of queries or keys that RoPE turned, rotate both."""
    turned = (f"{op.module}/rotary", f"{op.module}/rotary.2")
    reads_turned = any(name in turned for name in editor.reads(op))
    if reads_turned and not recipe.attention_formats(op.module).kv.is_float:
        for name, child in zip(turned, (QUERY_HADAMARD, KEY_HADAMARD), strict=True):
            editor.transform_(op, name, module=f"{op.module}.{child}")


class _Editor:
    """The graph so far: ops follow one another; what replaces a tensor does so for all later readers."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._ops: list[Op] = []
        self._tensors = {tensor.name: tensor for tensor in graph.tensors}
        self._order = [tensor.name for tensor in graph.tensors]
        self._seen = set(graph.inputs)
        self._replaced: dict[str, str] = {}
        self._is_rotated = False

    def reads(self, op: Op) -> tuple[str, ...]:
        """Return the tensors that an op reads, as they are by now."""
        return tensors_read(self._current(op))

    def put_(self, op: Op) -> None:
        """Put an op of the float graph."""
        current = self._current(op)
        self._ops.append(current)
        self._seen.update((*tensors_read(current), *current.writes))

    def put_weightless_(self, op: Op) -> None:
        """Put a LayerNorm as the RMSNorm that is left of it once weight and bias are in its readers.

        Raises:
            EdgeAsrError: if the norm is another already.
        """
        if op.function != "layer_norm":
            raise EdgeAsrError(
                f"norm '{op.module}' is a {op.function}: the graph is rotated already; keep one of "
                "the methods quarot and spinquant"
            )
        name = f"{op.module}/rms_norm"
        for constant in op.reads[1:]:
            self._order.remove(constant.tensor)
        (written,) = op.writes
        self._order[self._order.index(written)] = name
        self._tensors[name] = replace(self._tensors[written], name=name)
        self._replaced[written] = name
        self.put_(replace(op, name=name, function="rms_norm", reads=op.reads[:1], writes=(name,)))

    def rotate_(self, norm: Op, module: str) -> None:
        """In front of a norm, put the product of what it reads with a square matrix."""
        result = self._tensors[norm.writes[0]]
        size = result.shape[-1]
        weight = Tensor(f"{module}.weight", (size, size), Role.WEIGHT, FLOAT16)
        extents = Product(Dim("1"), product(result.shape[:-1]), size, size)
        reads = (Operand(self.reads(norm)[0], FLOAT16), Operand(weight.name, FLOAT16))
        name = f"{module}/linear"
        op = Op(name, OpKind.WEIGHT_PRODUCT, module, "linear", extents, reads, (name,))
        self._insert_(norm, op, (weight, replace(result, name=name)))
        self._is_rotated = True

    def transform_(self, reader: Op, tensor: str, *, module: str) -> None:
        """In front of an op, put the Hadamard transform of a tensor, if there is one of its size."""
        source = self._tensors[self._replaced.get(tensor, tensor)]
        *rows, size = source.shape
        if size.constant is None or hadamard_order(size.constant) is None:
            return
        name = f"{module}/hadamard"
        extents = Rows(product(tuple(rows)), size)
        reads = (Operand(source.name, FLOAT16),)
        op = Op(name, OpKind.ELEMENTWISE, module, "hadamard", extents, reads, (name,))
        self._insert_(reader, op, (replace(source, name=name),))

    def graph(self) -> Graph:
        """Return the changed graph.

        Raises:
            EdgeAsrError: if no residual stream was found.
        """
        if not self._is_rotated:
            raise EdgeAsrError(
                f"graph {self._graph.name}/{self._graph.phase} cannot be rotated: looked for the first norm "
                "of Whisper's or Moonshine's stack, 'self_attn_layer_norm' or 'input_layernorm'"
            )
        tensors = tuple(self._tensors[name] for name in self._order)
        outputs = tuple(self._replaced.get(name, name) for name in self._graph.outputs)
        return replace(self._graph, ops=tuple(self._ops), tensors=tensors, outputs=outputs)

    def _insert_(self, reader: Op, op: Op, tensors: tuple[Tensor, ...]) -> None:
        """Put an op whose result replaces the first tensor it reads."""
        # Tensors lie in the order in which tracing meets them: these come before those the reader brings.
        own = [name for name in (*tensors_read(reader), *reader.writes) if name not in self._seen]
        place = min(self._order.index(name) for name in own if name in self._order)
        self._order[place:place] = [tensor.name for tensor in tensors]
        self._tensors |= {tensor.name: tensor for tensor in tensors}
        self.put_(op)
        self._replaced[op.reads[0].tensor] = op.writes[0]

    def _current(self, op: Op) -> Op:
        """Return an op reading what its tensors have been replaced by."""
        return replace(
            op,
            reads=tuple(replace(item, tensor=self._now(item.tensor)) for item in op.reads),
            epilogues=tuple(
                item if item.operand is None else Epilogue(item.function, self._now(item.operand))
                for item in op.epilogues
            ),
        )

    def _now(self, name: str) -> str:
        return self._replaced.get(name, name)
