"""Multiplication by a Hadamard matrix in the order of n log n: butterflies, then the core."""

import torch
from torch import Tensor

from quant.rotations.matrices import core_matrix, known_order


def hadamard_transform(x: Tensor) -> Tensor:
    """Return x (..., n) times `hadamard_matrix(n)`, differentiably.

    Raises:
        EdgeAsrError: if no Hadamard matrix of order n is known.
    """
    n = x.shape[-1]
    order = known_order(n)
    rows = x.reshape(-1, n)
    if order.core > 1:
        core = core_matrix(n).to(device=x.device, dtype=x.dtype)
        rows = torch.matmul(rows.view(-1, order.core), core).view(-1, n)
    span = n
    for _ in range(order.stages):
        span //= 2
        halves = rows.view(-1, 2, span)
        first, second = halves[:, 0], halves[:, 1]
        rows = torch.stack((first + second, first - second), dim=1)
    return rows.mul(float(n) ** -0.5).view(x.shape)
