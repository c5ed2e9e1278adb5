import pytest
import torch

from quant.rotations.matrices import core_matrix, hadamard_matrix, random_hadamard
from quant.rotations.orders import hadamard_order
from quant.rotations.transform import hadamard_transform
from traces.errors import EdgeAsrError

SMALL = [1, 2, 4, 12, 20, 24, 28, 36, 40, 44, 52, 60, 64, 68, 76]
WIDTHS = [160, 288, 384, 416, 512, 640, 768, 1152, 1280, 1536, 1664, 2048]
"""Layer sizes of Whisper and Moonshine, as far as they multiply quickly."""


@pytest.mark.parametrize("n", SMALL + WIDTHS)
def test_hadamard_matrices_are_orthogonal_and_flat(n: int) -> None:
    matrix = hadamard_matrix(n)
    assert torch.allclose(matrix @ matrix.T, torch.eye(n), atol=1e-5)
    assert torch.allclose(matrix.abs(), torch.full((n, n), n**-0.5), rtol=1e-6)


@pytest.mark.parametrize("n", SMALL + WIDTHS)
def test_the_fast_transform_is_the_matrix(n: int) -> None:
    x = torch.randn((2, 3, n), generator=torch.Generator().manual_seed(0))
    assert torch.allclose(hadamard_transform(x), x @ hadamard_matrix(n), atol=1e-5)


@pytest.mark.parametrize(
    ("n", "stages", "core"),
    [
        (36, 0, 36), (40, 1, 20), (52, 0, 52), (64, 6, 1), (80, 2, 20),  # heads
        (160, 3, 20), (288, 3, 36), (384, 5, 12), (416, 3, 52), (1280, 6, 20),  # widths
        (640, 5, 20), (1152, 5, 36), (1664, 5, 52), (5120, 8, 20),  # feed-forward sizes
    ],
)  # fmt: skip
def test_orders_are_powers_of_two_times_the_smallest_core(n: int, stages: int, core: int) -> None:
    order = hadamard_order(n)
    assert order is not None
    assert (order.stages, order.core) == (stages, core)
    assert core_matrix(n).shape == (core, core)


@pytest.mark.parametrize("n", [3, 6, 9, 18, 50, 92])
def test_sizes_without_a_construction(n: int) -> None:
    assert hadamard_order(n) is None
    with pytest.raises(EdgeAsrError, match=f"order {n} is known"):
        hadamard_transform(torch.zeros(1, n))
    rotation = random_hadamard(n, torch.Generator().manual_seed(0))
    assert torch.allclose(rotation @ rotation.T, torch.eye(n), atol=1e-5)


def test_random_signs_follow_the_seed() -> None:
    first, again, other = (random_hadamard(48, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.allclose(first.abs(), torch.full((48, 48), 48**-0.5))


def test_the_transform_is_differentiable() -> None:
    x = torch.randn((2, 24), generator=torch.Generator().manual_seed(0), requires_grad=True)
    weight = torch.randn((2, 24), generator=torch.Generator().manual_seed(1))
    (gradient,) = torch.autograd.grad((hadamard_transform(x) * weight).sum(), x)
    assert torch.allclose(gradient, weight @ hadamard_matrix(24).T, atol=1e-6)
