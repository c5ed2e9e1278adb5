"""Small graphs made by hand, whose costs can be worked out on paper."""

from traces.dims import Dim
from traces.formats import FLOAT16, Format
from traces.graph import Epilogue, Extents, Graph, Op, Operand, OpKind, Product, Role, Rows, Tensor, check
from traces.workload import Phase, Workload


def tensor(name: str, *shape: int | str, role: Role = Role.ACTIVATION, fmt: Format = FLOAT16) -> Tensor:
    return Tensor(name, tuple(Dim.of(extent) for extent in shape), role, fmt)


def op(
    name: str,
    kind: OpKind,
    function: str,
    extents: Extents,
    reads: dict[str, Format],
    writes: str,
    epilogues: tuple[Epilogue, ...] = (),
) -> Op:
    operands = tuple(Operand(tensor_name, fmt) for tensor_name, fmt in reads.items())
    return Op(name, kind, f"net.{name}", function, extents, operands, (writes,), epilogues)


def rows(n_rows: int | str, length: int | str) -> Rows:
    return Rows(Dim.of(n_rows), Dim.of(length))


def matmul(m: int | str, k: int | str, n: int | str, batch: int | str = 1) -> Product:
    return Product(Dim.of(batch), Dim.of(m), Dim.of(k), Dim.of(n))


def mlp(weight: Format = FLOAT16, activation: Format = FLOAT16, phase: Phase = Phase.ENCODE) -> Graph:
    """Return x (10, 32) -> norm -> fc1 (64) + gelu -> fc2 (32) + residual."""
    graph = Graph(
        name="mlp",
        phase=phase,
        ops=(
            op("norm", OpKind.NORMALISATION, "layer_norm", rows(10, 32), {"x": FLOAT16}, "h"),
            op(
                "fc1", OpKind.WEIGHT_PRODUCT, "linear", matmul(10, 32, 64),
                {"h": activation, "w1": weight}, "u", (Epilogue("gelu"),),
            ),
            op(
                "fc2", OpKind.WEIGHT_PRODUCT, "linear", matmul(10, 64, 32),
                {"u": activation, "w2": weight}, "y", (Epilogue("residual", "x"),),
            ),
        ),
        tensors=(
            tensor("x", 10, 32),
            tensor("h", 10, 32, fmt=activation),
            tensor("w1", 64, 32, role=Role.WEIGHT, fmt=weight),
            tensor("u", 10, 64, fmt=activation),
            tensor("w2", 32, 64, role=Role.WEIGHT, fmt=weight),
            tensor("y", 10, 32),
        ),
        inputs=("x",),
        outputs=("y",),
    )  # fmt: skip
    check(graph)
    return graph


def decode_step(kv: Format = FLOAT16) -> Graph:
    """Return one query (1, 8) against `past_tokens` cached keys, with a softmax."""
    graph = Graph(
        name="attention",
        phase=Phase.DECODE,
        ops=(
            op("append", OpKind.CACHE_APPEND, "append", rows(1, 8), {"k_new": FLOAT16}, "k_all"),
            op(
                "scores", OpKind.ACTIVATION_PRODUCT, "matmul", matmul(1, 8, "past_tokens + 1"),
                {"q": FLOAT16, "k_past": kv}, "s",
            ),
            op("softmax", OpKind.SOFTMAX, "softmax", rows(1, "past_tokens + 1"), {"s": FLOAT16}, "p"),
        ),
        tensors=(
            tensor("q", 1, 8),
            tensor("k_new", 1, 8),
            tensor("k_past", "past_tokens", 8, role=Role.KV, fmt=kv),
            tensor("k_all", 1, 8, role=Role.KV, fmt=kv),
            tensor("s", 1, "past_tokens + 1"),
            tensor("p", 1, "past_tokens + 1"),
        ),
        inputs=("q", "k_new", "k_past"),
        outputs=("p", "k_all"),
    )  # fmt: skip
    check(graph)
    return graph


def workload(*graphs: Graph, window_s: float | None = None, prompt_tokens: int = 2) -> Workload:
    return Workload("toy", "whisper", graphs, prompt_tokens, 64, window_s, parameters=4096)
