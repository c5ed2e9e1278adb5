"""What a builder returns: a module on the meta device and the inputs it is traced with."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

PREFIX = "network."
"""What the wrappers here add to module names."""


@dataclass(frozen=True, slots=True)
class Built:
    """A module and its example inputs; those listed in `kv_inputs` are caches."""

    module: nn.Module
    inputs: tuple[object, ...]
    kv_inputs: tuple[str, ...] = ()


class Standardised(nn.Module):
    """Pixels from 0 to 1, less a mean and over a deviation per channel.

    The networks whose latency was measured begin with it (quic/ai-hub-models@33c3d03, `forward` of
    qai_hub_models/models/_shared/imagenet_classifier/model.py), unless their builders say otherwise.
    """

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, axes: int = 2) -> None:
        super().__init__()
        for name in ("mean", "deviation"):
            self.register_buffer(name, torch.empty(1, 3, *(1,) * axes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (1, 3, *size)."""
        scaled: torch.Tensor = (x - self.mean) / self.deviation
        return scaled


class Centred(nn.Module):
    """Pixels from 0 to 1, moved to -1 to 1: what stands for `Standardised` in front of some networks."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (1, 3, *size)."""
        return x * 2 - 1


class Prepared(nn.Module):
    """A network behind what is done to its input."""

    def __init__(self, network: Any, pixels: nn.Module) -> None:
        super().__init__()
        self.network, self.pixels = network, pixels

    def forward(self, x: torch.Tensor) -> Any:
        """x: (1, 3, *size) -> whatever the network returns."""
        return self.network(self.pixels(x))


class NetworkOutput(nn.Module):
    """A transformers model whose first output alone counts."""

    def __init__(self, network: Any, pixels: nn.Module) -> None:
        super().__init__()
        self.network, self.pixels = network, pixels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: pixels (1, 3, h, w) or token ids (1, tokens) -> logits."""
        first: torch.Tensor = self.network(self.pixels(x))[0]
        return first


def network_output(network: Any) -> nn.Module:
    """Return the model with its first output alone."""
    return NetworkOutput(network, nn.Identity())


def image_output(network: Any) -> nn.Module:
    """Return the model of images with its first output alone, behind the scaling of its pixels."""
    return NetworkOutput(network, Standardised())


def image(size: int, *, channels: int = 3) -> tuple[torch.Tensor]:
    """Return one square image on the meta device."""
    return (torch.empty((1, channels, size, size), device="meta"),)


def token_ids(length: int) -> tuple[torch.Tensor]:
    """Return the ids of one text on the meta device."""
    return (torch.zeros((1, length), dtype=torch.long, device="meta"),)
