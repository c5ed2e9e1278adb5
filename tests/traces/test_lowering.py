"""What single layers lower to, and what fuses."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from traces.counts import graph_macs
from traces.dims import Dim
from traces.errors import EdgeAsrError
from traces.export import trace_module
from traces.graph import Graph, OpKind, Role, Rows


def functions(graph: Graph) -> list[str]:
    return [op.function for op in graph.ops]


def epilogues(graph: Graph, position: int) -> list[str]:
    return [epilogue.function for epilogue in graph.ops[position].epilogues]


class Feedforward(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(8)
        self.fc1, self.fc2 = nn.Linear(8, 16), nn.Linear(16, 8, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        widened = functional.gelu(self.fc1(self.norm(x)))
        narrowed: Tensor = x + self.fc2(functional.dropout(widened, training=False))
        return narrowed


def test_bias_activation_and_residual_fuse_with_their_products() -> None:
    graph = trace_module(Feedforward(), (torch.empty(2, 3, 8),), name="ffn")
    assert [op.name for op in graph.ops] == ["norm/layer_norm", "fc1/linear", "fc2/linear"]
    assert epilogues(graph, 1) == ["bias", "gelu"]
    assert epilogues(graph, 2) == ["residual"]
    assert graph.ops[2].epilogues[0].operand == graph.inputs[0] == "x"
    roles = {tensor.name: tensor.role for tensor in graph.tensors}
    assert roles["fc1.weight"] is Role.WEIGHT
    assert roles["fc1.bias"] is Role.CONSTANT


class ReadTwice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        y = self.fc(x)
        both: Tensor = functional.relu(y) * torch.tanh(y)
        return both


def test_a_result_read_twice_keeps_its_readers_apart() -> None:
    graph = trace_module(ReadTwice(), (torch.empty(2, 8),), name="twice")
    assert functions(graph) == ["linear", "relu", "tanh"]
    assert epilogues(graph, 0) == ["bias"]
    assert epilogues(graph, 2) == ["mul"]


class Gated(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(8, 32)

    def forward(self, x: Tensor) -> Tensor:
        half, gate = self.fc1(x).chunk(2, dim=-1)
        gated: Tensor = functional.silu(gate) * half
        return gated


def test_a_gated_product_writes_its_halves() -> None:
    graph = trace_module(Gated(), (torch.empty(3, 8),), name="gated")
    assert graph.ops[0].writes == ("fc1/linear[0]", "fc1/linear[1]")
    assert functions(graph) == ["linear", "silu"]
    assert graph.ops[1].reads[0].tensor == "fc1/linear[1]"
    assert epilogues(graph, 1) == ["mul"]


class Heads(nn.Module):
    def forward(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
        q, k, v = (t.view(*t.shape[:2], 4, 2).transpose(1, 2) for t in (q, k, v))
        return functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def test_attention_is_two_products_and_a_softmax() -> None:
    q, kv, mask = torch.empty(2, 3, 8), torch.empty(2, 5, 8), torch.empty(2, 1, 3, 5)
    graph = trace_module(
        Heads(), (q, kv, kv.clone(), mask), name="heads",
        dynamic_shapes=({0: "batch"}, {0: "batch"}, {0: "batch"}, {0: "batch"}),
    )  # fmt: skip
    assert functions(graph) == ["scores", "softmax", "context"]
    assert epilogues(graph, 0) == ["scale", "mask"]
    scores, context = graph.ops[0].extents, graph.ops[2].extents
    assert [getattr(scores, axis).text for axis in "mkn"] == ["3", "2", "5"]
    assert [getattr(context, axis).text for axis in "mkn"] == ["3", "5", "2"]
    assert getattr(scores, "batch", None) == getattr(context, "batch", None)
    assert graph.symbols == {"batch"}


class Appends(nn.Module):
    def forward(self, past: Tensor, new: Tensor) -> Tensor:
        return torch.cat([past, new], dim=-2)


def test_growing_a_cache_moves_the_new_rows_only() -> None:
    past, new = torch.empty(1, 4, 7, 2), torch.empty(1, 4, 1, 2)
    graph = trace_module(
        Appends(), (past, new), name="append", dynamic_shapes=({2: "past_tokens"}, None), kv_inputs=("past",)
    )
    (op,) = graph.ops
    assert op.kind is OpKind.CACHE_APPEND
    assert [operand.tensor for operand in op.reads] == ["new"]
    assert op.extents == Rows(rows=Dim.of(4), row_length=Dim.of(2))
    cache = graph.tensor_table()[op.writes[0]]
    assert cache.role is Role.KV
    assert cache.shape[2].text == "past_tokens + 1"


def test_joining_anything_else_copies_it_all() -> None:
    graph = trace_module(Appends(), (torch.empty(1, 4, 7, 2), torch.empty(1, 4, 1, 2)), name="join")
    assert (graph.ops[0].kind, graph.ops[0].function) == (OpKind.LAYOUT, "concatenate")


class Positions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(10, 8)
        self.tokens = nn.Embedding(20, 8)

    def forward(self, ids: Tensor) -> Tensor:
        positions: Tensor = self.table(torch.arange(ids.shape[1], device=ids.device))
        both: Tensor = self.tokens(ids) + positions
        return both


def test_a_look_up_by_token_is_a_weight_and_one_by_position_a_constant() -> None:
    graph = trace_module(Positions(), (torch.zeros(2, 3, dtype=torch.long),), name="positions")
    roles = {tensor.name: tensor.role for tensor in graph.tensors}
    assert roles["tokens.weight"] is Role.WEIGHT
    assert roles["table.weight"] is Role.CONSTANT
    assert functions(graph) == ["positions", "embedding", "add"]


class Unknown(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        grown: Tensor = torch.linalg.matrix_exp(self.fc(x))
        return grown


class Excited(nn.Module):
    """A squeeze and excitation, activated in place."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.gate = nn.Conv2d(4, 8, 3), nn.Conv2d(8, 8, 1)

    def forward(self, x: Tensor) -> Tensor:
        inner = functional.hardswish(self.conv(x), inplace=True)
        gate = functional.hardsigmoid(self.gate(functional.adaptive_avg_pool2d(inner, 1)))
        gated: Tensor = inner * gate
        return gated


def test_activations_in_place_fuse_like_all_others() -> None:
    graph = trace_module(Excited(), (torch.empty(1, 4, 6, 6),), name="excited")
    assert functions(graph) == ["conv2d", "mean", "conv2d", "mul"]
    assert epilogues(graph, 0) == ["bias", "hardswish"]
    assert epilogues(graph, 2) == ["bias", "hardsigmoid"]


def test_a_convolution_over_three_axes_counts_every_element_of_its_window() -> None:
    conv = nn.Conv3d(4, 6, (3, 1, 3), stride=(1, 2, 2), padding=(1, 0, 1), bias=False)
    graph = trace_module(conv, (torch.empty(1, 4, 5, 8, 8),), name="conv")
    assert functions(graph) == ["conv3d"]
    assert int(graph_macs(graph).at({})) == 5 * 4 * 4 * 6 * 4 * 9


class Shifted(nn.Module):
    """Pixels less one number per channel."""

    mean: Tensor

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(shape))

    def forward(self, x: Tensor) -> Tensor:
        shifted: Tensor = x - self.mean
        return shifted


@pytest.mark.parametrize(
    ("shape", "rows"), [((3, 1, 1), ("80", "3")), ((1, 1, 1), ("24", "10")), ((1, 3, 8, 10), ("24", "10"))]
)
def test_one_number_per_channel_goes_through_an_image_channel_by_channel(
    shape: tuple[int, ...], rows: tuple[str, str]
) -> None:
    graph = trace_module(Shifted(*shape), (torch.empty(1, 3, 8, 10),), name="shifted")
    (op,) = graph.ops
    assert isinstance(op.extents, Rows)
    assert (op.extents.rows.text, op.extents.row_length.text) == rows


def test_an_op_without_a_rule_is_an_error_with_op_module_and_shapes() -> None:
    outer = nn.Sequential(nn.Identity(), Unknown())
    with pytest.raises(EdgeAsrError, match=r"matrix_exp.* in module '1' .*\(4, 4\).* no lowering rule"):
        trace_module(outer, (torch.empty(4, 4),), name="unknown")


class Branches(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + 1 if x.sum() > 0 else x


def test_what_cannot_be_exported_says_so() -> None:
    with pytest.raises(EdgeAsrError, match=r"torch\.export cannot trace Branches"):
        trace_module(Branches(), (torch.empty(3),), name="branches")


def test_an_unnamed_symbol_is_an_error() -> None:
    with pytest.raises(EdgeAsrError, match="'not a name' is no integer expression"):
        trace_module(Feedforward(), (torch.empty(2, 3, 8),), name="ffn", dynamic_shapes=({0: "not a name"},))


def test_tracing_twice_gives_equal_graphs_on_any_device() -> None:
    first = trace_module(Feedforward(), (torch.empty(2, 3, 8),), name="ffn")
    with torch.device("meta"):
        second = trace_module(Feedforward(), (torch.empty(2, 3, 8),), name="ffn")
    assert first == second
