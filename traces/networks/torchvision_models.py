"""Convolutional networks as torchvision builds them. Needs torchvision, an extra: stored graphs need none."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import torch
from torch import nn

from traces.errors import EdgeAsrError
from traces.networks.built import Built, image


def _models() -> ModuleType:
    try:
        from torchvision import models
    except ImportError as error:
        raise EdgeAsrError(
            "this network is rebuilt from torchvision; pip install 'edgeasr[networks]'"
        ) from error
    found: ModuleType = models
    return found


def classifier(model: str, size: int = 224, **options: bool) -> Callable[[], Built]:
    """Return the builder of an image classifier by torchvision's name of it; 1000 classes."""

    def build() -> Built:
        return Built(_models().get_model(model, weights=None, **options), image(size))

    return build


class BestClasses(nn.Module):
    """A segmentation network's best class per pixel; finding which it is walks as much as finding it."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """pixels: (1, 3, h, w) -> (1, h, w)."""
        best: torch.Tensor = self.network(pixels)["out"].amax(dim=1)
        return best


def fcn_resnet50() -> Built:
    """Return FCN-ResNet50 without its auxiliary classifier, 21 classes."""
    network = _models().get_model(
        "fcn_resnet50", weights=None, weights_backbone=None, num_classes=21, aux_loss=False
    )
    return Built(BestClasses(network), image(520))


def video(model: str) -> Callable[[], Built]:
    """Return the builder of a video classifier on 16 frames of 112x112; 400 classes."""

    def build() -> Built:
        return Built(
            _models().get_model(model, weights=None), (torch.empty((1, 3, 16, 112, 112), device="meta"),)
        )

    return build
