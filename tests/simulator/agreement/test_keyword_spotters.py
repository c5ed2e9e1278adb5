"""Keyword spotters of other widths than the one whose ops ship: no number was taken from these."""

from functools import cache
from statistics import median

import pytest
import torch
from torch import nn

import edgeasr
from simulator.agreement.vela import coding, cycles_of, vela_chip
from traces.graph import Graph

VELA = (
    # chip, width, separable blocks, bytes per weight reached, cycles of the pooling, cycles in all
    ("ethos-u55-128", 172, 4, 1.1621, 7_652, 285_208),
    ("ethos-u55-256", 172, 4, 1.1607, 7_844, 239_227),
    ("ethos-u65-512", 172, 4, 1.1616, 3_954, 106_614),
    ("ethos-u85-256", 172, 4, 1.1695, 3_842, 129_611),
    ("ethos-u85-1024", 172, 4, 1.1923, 3_887, 58_893),
    ("ethos-u85-2048", 172, 4, 1.2026, 3_803, 56_087),
    ("ethos-u55-128", 276, 5, 1.1410, 11_032, 680_553),
    ("ethos-u55-256", 276, 5, 1.1403, 11_224, 603_593),
    ("ethos-u65-512", 276, 5, 1.1446, 5_644, 227_104),
    ("ethos-u85-256", 276, 5, 1.1592, 5_446, 295_237),
    ("ethos-u85-1024", 276, 5, 1.1681, 5_119, 111_643),
    ("ethos-u85-2048", 276, 5, 1.1893, 5_416, 106_696),
)
"""Vela 5.2.0 on files of these extents with random weights."""


class Separable(nn.Module):
    """A depthwise 3 x 3 and a 1 x 1 convolution."""

    def __init__(self, width: int, stride: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 3, stride, padding=1, groups=width)
        self.pointwise = nn.Conv2d(width, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.pointwise(torch.relu(self.depthwise(x))))


@cache
def spotter(width: int, n_blocks: int) -> Graph:
    """Return a DS-CNN on 49 frames of 10 coefficients, in w8a8."""
    module = nn.Sequential(
        nn.ZeroPad2d((1, 2, 4, 5)),
        nn.Conv2d(1, width, (10, 4), (2, 1)),
        nn.ReLU(),
        *[Separable(width, 2 if idx == 0 else 1) for idx in range(n_blocks)],
        nn.AvgPool2d((13, 5)),
        nn.Flatten(),
        nn.Linear(width, 12),
        nn.Softmax(-1),
    )
    graph = edgeasr.trace_module(module, (torch.empty(1, 1, 49, 10),), name="spotter")
    return edgeasr.network_workload(graph, "w8a8").graphs[0]


@cache
def errors() -> dict[tuple[str, int], tuple[float, float]]:
    """Return predicted over Vela, less 1, of the pooling and of all, by chip and width."""
    found = {}
    for chip, width, n_blocks, coded, pooling_cycles, total_cycles in VELA:
        graph = spotter(width, n_blocks)
        total = cycles_of(graph, coding(vela_chip(chip), coded)).total
        (pooling,) = (idx for idx, op in enumerate(graph.ops) if op.function == "avg_pool")
        found[chip, width] = total[pooling] / pooling_cycles - 1, total.sum() / total_cycles - 1
    return found


def test_totals_are_within_the_target_on_most_chips_and_near_it_on_all() -> None:
    totals = {key: abs(total) for key, (_, total) in errors().items()}
    missed = {("ethos-u65-512", 172), ("ethos-u85-2048", 276)}
    assert {key for key, error in totals.items() if error > 0.15} == missed
    assert max(totals.values()) < 0.18
    assert median(totals.values()) < 0.1


@pytest.mark.parametrize("width", [172, 276])
def test_poolings_of_several_blocks_are_within_the_target(width: int) -> None:
    poolings = [abs(pooling) for (_, each), (pooling, _) in errors().items() if each == width]
    assert len(poolings) == 6
    assert max(poolings) < 0.15
