"""Hadamard matrices, computed: Sylvester's doubling of Paley's constructions. No tables."""

from functools import cache

import torch
from torch import Tensor

from quant.rotations.orders import HadamardOrder, field_base, hadamard_order
from traces.errors import EdgeAsrError


def known_order(n: int) -> HadamardOrder:
    """Return how the Hadamard matrix of order n is made.

    Raises:
        EdgeAsrError: if no construction is known here.
    """
    order = hadamard_order(n)
    if order is None:
        raise EdgeAsrError(
            f"no Hadamard matrix of order {n} is known here; orders are 2^k, 12 * 2^k, 20 * 2^k, ..."
        )
    return order


def hadamard_matrix(n: int) -> Tensor:
    """Return the orthogonal Hadamard matrix of order n: (n, n) float32 with entries of +-1 / sqrt(n).

    It is the Kronecker product of Sylvester's matrix (order 2^stages) and the core.
    """
    order = known_order(n)
    matrix: Tensor = torch.kron(_sylvester(order.stages), core_matrix(n)) / float(n) ** 0.5
    return matrix


@cache
def core_matrix(n: int) -> Tensor:
    """Return the core of order n's matrix: (core, core) of +-1, float32."""
    order = known_order(n)
    match order.construction:
        case "trivial":
            return torch.ones(1, 1)
        case "paley1":
            return _paley1(order.core - 1)
        case "paley2":
            return _paley2(order.core // 2 - 1)


def random_hadamard(n: int, generator: torch.Generator) -> Tensor:
    """Return a Hadamard matrix with random signs of its rows, (n, n) float32 (arXiv 2404.00456, section 3).

    Where no Hadamard matrix is known: a random orthogonal matrix.
    """
    if hadamard_order(n) is None:
        gaussian = torch.randn((n, n), generator=generator, dtype=torch.float64)
        q, r = torch.linalg.qr(gaussian)
        orthogonal: Tensor = (q * r.diagonal().sign()).float()  # which makes it uniform over all rotations
        return orthogonal
    signs = torch.randint(0, 2, (n, 1), generator=generator) * 2 - 1
    return signs * hadamard_matrix(n)


def _sylvester(stages: int) -> Tensor:
    matrix = torch.ones(1, 1)
    for _ in range(stages):
        matrix = torch.kron(torch.tensor([[1.0, 1.0], [1.0, -1.0]]), matrix)
    return matrix


def _paley1(q: int) -> Tensor:
    """Return order q + 1 for q = 3 mod 4: I + S with S skew, bordered by ones."""
    skew = torch.zeros(q + 1, q + 1)
    skew[0, 1:], skew[1:, 0] = 1.0, -1.0
    skew[1:, 1:] = _jacobsthal(q)
    return torch.eye(q + 1) + skew


def _paley2(q: int) -> Tensor:
    """Return order 2 (q + 1) for q = 1 mod 4, from the symmetric conference matrix of order q + 1."""
    conference = torch.zeros(q + 1, q + 1)
    conference[0, 1:] = conference[1:, 0] = 1.0
    conference[1:, 1:] = _jacobsthal(q)
    # Zeros become the one block, +-1 the other, so that all entries are +-1.
    zero, one = torch.tensor([[1.0, -1.0], [-1.0, -1.0]]), torch.tensor([[1.0, 1.0], [1.0, -1.0]])
    return torch.kron(torch.eye(q + 1), zero) + torch.kron(conference, one)


def _jacobsthal(q: int) -> Tensor:
    """Return chi(a - b) for all a, b of the field of q elements: 1 for squares, -1 for others, 0 for zero."""
    p = field_base(q) or q
    if p == q:
        elements, squares = [(a, 0) for a in range(q)], {(a * a % p, 0) for a in range(1, p)}
    else:
        # The field of p^2 elements is a + b sqrt(r) with a non-residue r of p.
        residues = {a * a % p for a in range(p)}
        r = next(a for a in range(2, p) if a not in residues)
        elements = [(a, b) for a in range(p) for b in range(p)]
        squares = {((a * a + r * b * b) % p, 2 * a * b % p) for a, b in elements if (a, b) != (0, 0)}

    def chi(difference: tuple[int, int]) -> float:
        return 0.0 if difference == (0, 0) else 1.0 if difference in squares else -1.0

    return torch.tensor(
        [[chi(((a - c) % p, (b - d) % p)) for c, d in elements] for a, b in elements], dtype=torch.float32
    )
