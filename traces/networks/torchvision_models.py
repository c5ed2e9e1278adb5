"""Convolutional networks as torchvision builds them. Needs torchvision, an extra: stored graphs need none."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import torch
from torch import nn

from traces.errors import EdgeAsrError
from traces.networks.built import Built, Centred, Prepared, Standardised, image


def _models() -> ModuleType:
    try:
        from torchvision import models
    except ImportError as error:
        raise EdgeAsrError(
            "this network is rebuilt from torchvision; pip install 'edgeasr[networks]'"
        ) from error
    found: ModuleType = models
    return found


def classifier(model: str, *, is_centred: bool = False, **options: bool) -> Callable[[], Built]:
    """Return the builder of an image classifier by torchvision's name of it; 1000 classes."""

    def build() -> Built:
        network = _models().get_model(model, weights=None, **options)
        return Built(Prepared(network, Centred() if is_centred else Standardised()), image(224))

    return build


class BestClasses(nn.Module):
    """A segmentation network's best class per pixel; finding which it is walks as much as finding it."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network, self.pixels = network, Standardised()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (1, 3, h, w) -> (1, h, w)."""
        best: torch.Tensor = self.network(self.pixels(x))["out"].amax(dim=1)
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
        network = Prepared(_models().get_model(model, weights=None), Standardised(axes=3))
        return Built(network, (torch.empty((1, 3, 16, 112, 112), device="meta"),))

    return build
