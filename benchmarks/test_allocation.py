"""CPU time to choose for 400 layers and 8 formats; the aim is 2 s. Run with `make benchmark`.

Met by 35 of 39 cases, all with spread or repeated sizes among them (0.07 to 1.3 s). The others, whose
formats' ratios are unlike per layer in three or four budgets that all bind, take 3.8 to 11.6 s.
"""

import time
from itertools import product

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.pedantic import pedantic
from simulator.allocation.allocate import allocate
from simulator.allocation.choices import Budget, Choices, Floats

N_LAYERS, N_FORMATS = 400, 8

SIZES = ("spread", "repeated", "unlike")
"""Sizes of layers: lognormal; a block's six, repeated; lognormal, with formats' ratios unlike per layer."""


def choices(sizes: str, share: float, n_budgets: int, *, seed: int = 1, peak: float | None = None) -> Choices:
    """Formats from 8 bits down to 2 with float and 8-bit activations that convert where neighbours differ.

    share: of the way from the least to the most that each of bytes, latency, energy and traffic can take.
    peak: of memory, as a share of the largest activations, with a budget per layer that could exceed it.
    """
    rng = np.random.default_rng(seed)
    size = rng.lognormal(0.0, 1.0, (N_LAYERS, 1))
    if sizes == "repeated":
        size = np.resize([1.0, 1.0, 1.0, 1.0, 4.0, 4.0], (N_LAYERS, 1))
    stored = size * np.array([[1.0, 1.0, 0.58, 0.58, 0.45, 0.45, 0.32, 0.32]])
    took = size * np.array([[1.5, 1.0, 1.5, 1.05, 1.5, 1.05, 1.5, 1.05]])
    energy, traffic = 0.6 * took, 0.7 * stored + 0.3 * took
    if sizes == "unlike":
        stored, took, energy, traffic = (
            use * rng.uniform(1.0 - spread, 1.0 + spread, use.shape)
            for use, spread in ((stored, 0.1), (took, 0.2), (energy, 0.2), (traffic, 0.4))
        )
    base = np.array([[1e-5, 2e-5, 3e-4, 4e-4, 3e-3, 4e-3, 9e-2, 1e-1]])
    damage = base * rng.lognormal(0.0, 1.0, (N_LAYERS, 1)) * rng.uniform(0.8, 1.2, (N_LAYERS, N_FORMATS))
    conversion = rng.uniform(0.0, 0.05, N_LAYERS - 1) * size.mean()
    budgets = (
        Budget("bytes", between(stored, share), stored),
        Budget("latency", between(took, share), took, conversion=conversion),
        Budget("energy", between(energy, share), energy, conversion=0.3 * conversion),
        Budget("traffic", between(traffic, share), traffic),
    )[:n_budgets]
    moments = () if peak is None else peaks(rng.lognormal(0.0, 0.5, (N_LAYERS, 1)), peak)
    codes = np.tile(np.arange(N_FORMATS) % 2, (N_LAYERS, 1))
    return Choices(damage, (*budgets, *moments), computed_as=codes)


def between(use: Floats, share: float) -> float:
    least, most = float(use.min(axis=1).sum()), float(use.max(axis=1).sum())
    return least + share * (most - least)


def peaks(size: Floats, share: float) -> tuple[Budget, ...]:
    """Caches of all layers, and one layer's activations: two bytes as floats, one with 8 bits."""
    live = size * np.array([[2.0, 1.0] * (N_FORMATS // 2)])
    cache = 1e-3 * size * np.array([[2.0, 1.0] * (N_FORMATS // 2)])
    limit = share * float(live.max()) + float(cache.max(axis=1).sum())
    uses = [cache + live * (np.arange(N_LAYERS) == layer)[:, None] for layer in range(N_LAYERS)]
    able = [use for use in uses if use.max(axis=1).sum() > limit]
    return tuple(Budget("memory", limit, use) for use in able)


CASES = {
    **{
        f"{sizes}-{share:g}-{n_budgets}": (sizes, share, n_budgets, None)
        for sizes, share, n_budgets in product(SIZES, (0.15, 0.4, 0.7), (1, 2, 3, 4))
    },
    **{f"{sizes}-0.4-3-peak": (sizes, 0.4, 3, 0.55) for sizes in SIZES},
}


@pytest.mark.benchmark(group="400 layers x 8 formats", timer=time.process_time)
@pytest.mark.parametrize("case", CASES)
def test_allocate(benchmark: BenchmarkFixture, case: str) -> None:
    sizes, share, n_budgets, peak = CASES[case]
    given = choices(sizes, share, n_budgets, peak=peak)
    found = pedantic(benchmark, lambda: allocate(given))
    assert found.is_feasible
    assert found.gap <= 1e-6
