import pytest
import torch
from torch import Tensor

from quant.rotations.cayley import cayley_step
from quant.rotations.matrices import random_hadamard


def start(n: int) -> Tensor:
    return random_hadamard(n, torch.Generator().manual_seed(0)).double()


def target(n: int) -> Tensor:
    """A rotation that is reached from `start` without a reflection: a small one behind it."""
    skew = torch.randn((n, n), generator=torch.Generator().manual_seed(1), dtype=torch.float64) / n
    turned: Tensor = start(n) @ torch.linalg.matrix_exp(skew - skew.T)
    return turned


@pytest.mark.parametrize("n", [2, 12, 40])
def test_steps_stay_orthogonal(n: int) -> None:
    rotation = start(n)
    generator = torch.Generator().manual_seed(2)
    for _ in range(20):
        gradient = 100.0 * torch.randn((n, n), generator=generator, dtype=torch.float64)
        rotation = cayley_step(rotation, gradient, rate=1.5)
    assert torch.allclose(rotation @ rotation.T, torch.eye(n, dtype=torch.float64), atol=1e-12)


def test_descent_finds_the_nearest_rotation() -> None:
    rotation, wanted = start(12), target(12)
    losses = []
    for _ in range(40):
        losses.append(float((rotation - wanted).square().sum()))
        rotation = cayley_step(rotation, 2.0 * (rotation - wanted), rate=0.2)
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 1e-6 * losses[0]


def test_a_small_step_follows_the_projected_gradient() -> None:
    rotation = start(8)
    gradient = torch.randn((8, 8), generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    step = (cayley_step(rotation, gradient, rate=1e-6) - rotation) / 1e-6
    # Li et al., section 3: the gradient less what would leave the group, (G - R G^T R) / 2.
    assert torch.allclose(step, -(gradient - rotation @ gradient.T @ rotation) / 2.0, atol=1e-5)


def test_steps_are_limited_however_large_the_gradient() -> None:
    rotation = start(8)
    gradient = torch.randn((8, 8), generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    assert torch.allclose(
        cayley_step(rotation, 1e6 * gradient, rate=1.5), cayley_step(rotation, 1e9 * gradient, rate=1.5)
    )


def test_a_gradient_that_no_rotation_follows_changes_nothing() -> None:
    rotation = start(8)
    symmetric = rotation @ torch.diag(torch.arange(8.0, dtype=torch.float64))
    assert torch.allclose(cayley_step(rotation, symmetric, rate=1.5), rotation, atol=1e-12)
