"""Gradient descent among orthogonal matrices by the Cayley transform (Li et al., arXiv 2002.01113)."""

import torch
from torch import Tensor

_SHARE = 0.5
"""The `q` of the paper's step limit 2 q / |W|: beyond it the transform no longer follows the gradient."""


def cayley_step(rotation: Tensor, gradient: Tensor, *, rate: float) -> Tensor:
    """Return the orthogonal matrix that a step of at most `rate` down the gradient leads to.

    rotation, gradient: (n, n); best in float64, where the result stays orthogonal to 1e-13. The skew matrix
    W = (R^T G - G^T R) / 2 is the gradient along the orthogonal group; the step is alpha = min(rate,
    2 q / |W|_1), and R (I + alpha/2 W)^-1 (I - alpha/2 W) is solved exactly, for which the paper's algorithm
    1 iterates. It is without momentum, as SpinQuant's optimizer is by default.
    """
    product = rotation.T @ gradient
    skew = (product - product.T) / 2.0
    norm = float(skew.abs().sum(0).max())
    if norm == 0.0:
        return rotation
    half = min(rate, 2.0 * _SHARE / norm) / 2.0 * skew
    identity = torch.eye(len(rotation), dtype=rotation.dtype, device=rotation.device)
    turned: Tensor = rotation @ torch.linalg.solve(identity + half, identity - half)
    return turned
