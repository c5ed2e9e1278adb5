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


class NetworkOutput(nn.Module):
    """A transformers model whose first output alone counts."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: pixels (1, 3, h, w) or token ids (1, tokens) -> logits."""
        first: torch.Tensor = self.network(x)[0]
        return first


def network_output(network: Any) -> nn.Module:
    """Return the model with its first output alone."""
    return NetworkOutput(network)


def image(size: int, *, channels: int = 3) -> tuple[torch.Tensor]:
    """Return one square image on the meta device."""
    return (torch.empty((1, channels, size, size), device="meta"),)


def token_ids(length: int) -> tuple[torch.Tensor]:
    """Return the ids of one text on the meta device."""
    return (torch.zeros((1, length), dtype=torch.long, device="meta"),)
