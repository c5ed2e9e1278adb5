"""Networks that are no recognisers, from configs on the meta device; counts of the literature."""

from typing import Any

import pytest
import torch
from torch import nn
from transformers import (
    BertConfig,
    BertModel,
    MobileNetV2Config,
    MobileNetV2ForImageClassification,
    ResNetConfig,
    ResNetForImageClassification,
    ViTConfig,
    ViTForImageClassification,
)

from tests.traces.independent import counting
from traces.counts import graph_macs
from traces.export import trace_module
from traces.graph import Graph, OpKind


class Logits(nn.Module):
    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.network(x).logits
        return logits


class Hidden(nn.Module):
    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        hidden: torch.Tensor = self.network(input_ids=ids).last_hidden_state
        return hidden


def image_graph(network: nn.Module) -> Graph:
    image = torch.empty((2, 3, 224, 224), device="meta")
    return trace_module(
        Logits(network.eval()),
        (image,),
        name="image",
        dynamic_shapes=({0: "batch"},),
        prefix="network.",
    )


@pytest.mark.parametrize(
    ("make", "published_macs"),
    [
        # He et al. 2016, table 1: 3.8e9; with strides in the 3x3 convolutions (v1.5) and the head 4.09e9.
        (lambda: ResNetForImageClassification(ResNetConfig(num_labels=1000)), 4.09e9),
        # Sandler et al. 2018, table 4.
        (lambda: MobileNetV2ForImageClassification(MobileNetV2Config(num_labels=1000)), 300e6),
        # Dosovitskiy et al. 2021: ViT-B/16 at 224; 17.6e9 with attention products.
        (lambda: ViTForImageClassification(ViTConfig(num_labels=1000)), 17.56e9),
    ],
    ids=["resnet50", "mobilenet_v2", "vit_b16"],
)
def test_image_networks_have_their_published_macs(make: Any, published_macs: float) -> None:
    with torch.device("meta"):
        network = make()
    graph = image_graph(network)
    macs = int(graph_macs(graph).at({"batch": 1}))
    assert macs == pytest.approx(published_macs, rel=0.02)
    with counting(network) as counter:
        network(torch.empty((1, 3, 224, 224), device="meta"))
    assert macs == counter.macs


def test_bert_base_has_the_macs_of_its_layers() -> None:
    with torch.device("meta"):
        network = BertModel(BertConfig(), add_pooling_layer=False).eval()
    ids = torch.zeros((2, 128), dtype=torch.long, device="meta")
    graph = trace_module(
        Hidden(network), (ids,), name="bert", dynamic_shapes=({0: "batch", 1: "tokens"},), prefix="network."
    )
    d, layers, n = 768, 12, 384
    expected = layers * (12 * n * d * d + 2 * n * n * d)
    assert int(graph_macs(graph).at({"batch": 1, "tokens": n})) == expected
    assert sum(op.kind is OpKind.SOFTMAX for op in graph.ops) == layers


def test_depthwise_convolutions_keep_their_groups() -> None:
    with torch.device("meta"):
        network = MobileNetV2ForImageClassification(MobileNetV2Config())
    grouped = [op for op in image_graph(network).ops if getattr(op.extents, "groups", 1) > 1]
    assert len(grouped) == 17  # the stem's depthwise layer and one in each of 16 further blocks
