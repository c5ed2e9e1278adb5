"""The second moment of a layer's input, summed over tokens: GPTQ's Hessian up to a factor."""

import torch
from torch import Tensor

CHUNK = 4096
"""Tokens multiplied at once in float32; what they give is added up in float64, so that no count of tokens
swamps the small entries."""


class Hessian:
    """The sum of x x^T over tokens x (in), as (in, in) float64; grows with every `add_`."""

    def __init__(self, in_features: int, *, device: torch.device | None = None) -> None:
        self.sum = torch.zeros((in_features, in_features), dtype=torch.float64, device=device)
        self.n_tokens = 0

    def add_(self, x: Tensor) -> None:
        """Take in tokens x (tokens, in)."""
        for start in range(0, len(x), CHUNK):
            part = x[start : start + CHUNK].float()
            self.sum += part.T @ part
        self.n_tokens += len(x)

    @property
    def in_features(self) -> int:
        """How wide the layer's input is."""
        return len(self.sum)
