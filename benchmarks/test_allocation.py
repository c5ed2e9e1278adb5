"""How long choosing for 400 layers and 8 formats takes; the aim is 2 s. Run with `make benchmark`."""

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from simulator.allocation import Budget, Choices, allocate

N_LAYERS, N_FORMATS = 400, 8


def choices(*, n_moments: int) -> Choices:
    """Formats from 8 bits down to 2 with float and 8-bit activations, and budgets halfway between."""
    rng = np.random.default_rng(0)
    size = rng.lognormal(0.0, 1.0, (N_LAYERS, 1))
    use = size * np.array([[1.0, 1.0, 0.58, 0.58, 0.45, 0.45, 0.32, 0.32]])
    time = size * np.array([[1.5, 1.0, 1.5, 1.05, 1.5, 1.05, 1.5, 1.05]])
    base = np.array([[1e-5, 2e-5, 3e-4, 4e-4, 3e-3, 4e-3, 9e-2, 1e-1]])
    damage = base * rng.lognormal(0.0, 1.0, (N_LAYERS, 1)) * rng.uniform(0.8, 1.2, (N_LAYERS, N_FORMATS))
    conversion = rng.uniform(0.0, 0.05, N_LAYERS - 1)
    live, cache = np.full((N_LAYERS, N_FORMATS), 2.0), np.full((N_LAYERS, N_FORMATS), 0.01)
    moments = []
    for layer in range(n_moments):
        peak = cache.copy()
        peak[layer] += live[layer]
        moments.append(Budget("memory", 6.5, peak))
    return Choices(
        damage,
        (
            Budget("bytes", float(size.sum()) * 0.5, use),
            Budget("latency", float(size.sum()) * 1.2, time, conversion=conversion),
            Budget("energy", float(size.sum()) * 1.2, time * use.mean()),
            *moments,
        ),
        computed_as=np.tile(np.arange(N_FORMATS) % 2, (N_LAYERS, 1)),
    )


@pytest.mark.benchmark(group="400 layers x 8 formats, three budgets and conversions")
@pytest.mark.parametrize("n_moments", [0, 20])
def test_allocate(benchmark: BenchmarkFixture, n_moments: int) -> None:
    found = benchmark.pedantic(  # type: ignore[no-untyped-call]
        allocate, (choices(n_moments=n_moments),), rounds=1
    )
    assert found.is_feasible
    assert found.gap <= 1e-6
