"""Batch normalisations fold into the layer before them where nobody else reads it."""

import torch
from torch import nn

from traces.export import trace_module
from traces.graph import Graph, OpKind


def functions(graph: Graph) -> list[str]:
    return [op.function for op in graph.ops]


def test_a_norm_behind_a_convolution_becomes_its_bias() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU()).eval()
    graph = trace_module(module, (torch.empty(1, 3, 8, 8),), name="folded")
    (op,) = graph.ops
    assert [(item.function, item.operand) for item in op.epilogues] == [("bias", "1.bias"), ("relu", None)]
    assert {tensor.name for tensor in graph.tensors} == {"input", "0.weight", "1.bias", op.writes[0]}


def test_a_layer_that_has_a_bias_keeps_it() -> None:
    module = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6)).eval()
    (op,) = trace_module(module, (torch.empty(2, 4),), name="biased").ops
    assert [(item.function, item.operand) for item in op.epilogues] == [("bias", "0.bias")]


class ReadTwice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        both: torch.Tensor = self.norm(y) + y
        return both


def test_a_norm_whose_operand_others_read_stays() -> None:
    graph = trace_module(ReadTwice().eval(), (torch.empty(1, 3, 8, 8),), name="twice")
    assert functions(graph) == ["conv2d", "batch_norm"]


def test_a_norm_before_the_convolution_stays() -> None:
    module = nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 1)).eval()
    graph = trace_module(module, (torch.empty(1, 3, 8, 8),), name="before")
    assert [op.kind for op in graph.ops] == [OpKind.NORMALISATION, OpKind.CONVOLUTION]


def test_a_norm_that_ends_the_network_hands_its_name_on() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)).eval()
    graph = trace_module(module, (torch.empty(1, 3, 8, 8),), name="last")
    assert graph.outputs == graph.ops[0].writes
