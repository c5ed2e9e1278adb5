"""The online Hadamard transform as a torch op, so that torch.export keeps it as one node."""

import torch
from torch import Tensor

from quant.rotations.transform import hadamard_transform


@torch.library.custom_op("edgeasr::hadamard", mutates_args=())
def hadamard(x: Tensor) -> Tensor:
    """Return x (..., n) times the orthogonal Hadamard matrix of order n, which is no view of x."""
    found = hadamard_transform(x)
    return found if found.data_ptr() != x.data_ptr() else found.clone()


@hadamard.register_fake
def _(x: Tensor) -> Tensor:
    return x.new_empty(x.shape)
