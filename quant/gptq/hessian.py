"""The second moment of a layer's input, summed over tokens: GPTQ's Hessian up to a factor."""

import torch
from torch import Tensor

CHUNK = 4096
"""Tokens multiplied at once, in float32. What they give is added up in float64, so that no count of tokens
swamps small entries; gathering that many first saves most of that sum, as large as the layer is wide."""


class Hessian:
    """The sum of x x^T over tokens x (in), as (in, in) float64; grows with every `add_`."""

    def __init__(self, in_features: int, *, device: torch.device | None = None) -> None:
        self.in_features = in_features
        self.n_tokens = 0
        self._sum = torch.zeros((in_features, in_features), dtype=torch.float64, device=device)
        self._waiting: list[Tensor] = []
        self._n_waiting = 0

    def add_(self, x: Tensor) -> None:
        """Take in tokens x (tokens, in)."""
        self.n_tokens += len(x)
        for start in range(0, len(x), CHUNK):
            part = x[start : start + CHUNK]
            if self._n_waiting + len(part) > CHUNK:
                self._add_waiting_()
            self._waiting.append(part.to(torch.float32, copy=True))
            self._n_waiting += len(part)

    def total(self) -> Tensor:
        """Return the sum over all tokens so far."""
        self._add_waiting_()
        return self._sum

    def _add_waiting_(self) -> None:
        if self._waiting:
            tokens = torch.cat(self._waiting)
            self._sum += tokens.T @ tokens
            self._waiting, self._n_waiting = [], 0
