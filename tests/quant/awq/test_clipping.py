"""The clip search beside the reference's way: every range tried on every token, group by group."""

import pytest
import torch
from torch import Tensor

from quant.awq.clipping import clipped_scale
from quant.quantizer import Scale, fake_quantize, find_scale, grouped, scale_of_range
from traces.errors import EdgeAsrError
from traces.formats import Format

STEPS, MAX_SHRINK = 20, 0.5
FORMATS = [
    "int2_g32_asym",
    "int3_channel",
    "int3_channel_asym",
    "int3_g20_asym",
    "int4_g64",
    "int3_tensor_asym",
]


def layer(rows: int = 13, width: int = 100, tokens: int = 400) -> tuple[Tensor, Tensor]:
    """Weights (rows, width) with long tails, and tokens (tokens, width) whose channels differ in size."""
    generator = torch.Generator().manual_seed(0)
    weight = 0.05 * torch.randn(rows, width, generator=generator) ** 3
    x = torch.randn(tokens, width, generator=generator) * torch.rand(width, generator=generator).exp()
    return weight, x + 0.3


def clipped(weight: Tensor, x: Tensor, number: Format) -> Scale:
    return clipped_scale(weight, number, moment=x.double().T @ x.double(), steps=STEPS, max_shrink=MAX_SHRINK)


def by_tokens(weight: Tensor, x: Tensor, number: Format) -> Scale:
    """Each group's share of the output, (tokens, rows, groups), for each of the ten ranges."""
    low, high = grouped(weight, number).aminmax(dim=-1)
    low, high = low.clamp(max=0), high.clamp(min=0)
    candidates = [
        scale_of_range(low * share, high * share, number) for share in [1 - i / 20 for i in range(10)]
    ]
    size = number.group_size or weight.shape[1]
    errors = []
    for candidate in candidates:
        change = fake_quantize(weight, candidate, number) - weight
        parts = [
            x[:, start : start + size] @ change[:, start : start + size].T
            for start in range(0, x.shape[1], size)
        ]
        error = torch.stack(parts, dim=-1).square().sum(0)
        errors.append(error.sum().reshape(1, 1) if low.numel() == 1 else error)
    best = torch.stack(errors).argmin(0, keepdim=True)
    scale = torch.stack([candidate.scale for candidate in candidates]).gather(0, best)[0]
    zeros = [candidate.zero for candidate in candidates if candidate.zero is not None]
    return Scale(scale, torch.stack(zeros).gather(0, best)[0] if zeros else None)


@pytest.mark.parametrize("name", FORMATS)
def test_the_search_finds_what_trying_all_tokens_finds(name: str) -> None:
    """Any number of rows, and groups that do not divide the row (32 and 64 of 100)."""
    number = Format.parse(name)
    weight, x = layer()
    found, expected = clipped(weight, x, number), by_tokens(weight, x, number)
    assert torch.equal(found.scale, expected.scale)
    if found.zero is None or expected.zero is None:
        assert number.symmetric
    else:
        assert torch.equal(found.zero, expected.zero)
    assert bool((found.scale < find_scale(weight, number).scale).any())


def test_ranges_shrink_to_just_above_the_bound() -> None:
    """One large weight on a channel that is never active: a step of 0.09 is wanted, but the range of the
    extremes has one of 0.5 / 3, and the narrowest range tried 0.55 of that."""
    weight = torch.full((1, 64), 0.09)
    weight[0, 0] = 0.5
    x = torch.ones(50, 64)
    x[:, 0] = 0.0
    number = Format.parse("int3_channel")
    share = float(clipped(weight, x, number).scale / find_scale(weight, number).scale)
    assert share == pytest.approx(0.55, rel=1e-3)


def test_without_activity_nothing_is_clipped() -> None:
    weight, x = layer()
    number = Format.parse("int3_channel_asym")
    assert torch.equal(clipped(weight, torch.zeros_like(x), number).scale, find_scale(weight, number).scale)


def test_a_weight_that_is_not_finite_is_refused() -> None:
    weight, x = layer()
    weight[0, 0] = torch.nan
    with pytest.raises(EdgeAsrError, match="NaN or infinite"):
        clipped(weight, x, Format.parse("int4_channel"))
