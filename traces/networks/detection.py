"""Networks that find objects, as transformers builds them from their configs. Needs torch."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from traces.networks.built import Built, Standardised, image


class Detections(nn.Module):
    """The classes and boxes of a detector."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network, self.pixels = network, Standardised()

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """x: (1, 3, h, w) -> logits (1, queries, classes), boxes (1, queries, 4)."""
        found = self.network(self.pixels(x))
        return found.logits, found.pred_boxes


def detr(depths: list[int]) -> Callable[[], Built]:
    """Return the builder of a DETR on a ResNet of bottlenecks, with the 91 classes of COCO."""

    def build() -> Built:
        from transformers import DetrConfig, DetrForObjectDetection, ResNetConfig

        config = DetrConfig(
            use_timm_backbone=False,
            use_pretrained_backbone=False,
            backbone=None,
            backbone_config=ResNetConfig(depths=depths, out_features=["stage4"]),
            num_labels=91,
        )
        return Built(Detections(DetrForObjectDetection(config)), image(640))

    return build
