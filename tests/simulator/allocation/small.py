"""Random choices small enough to try them all."""

from dataclasses import replace
from itertools import product

import numpy as np

from simulator.allocation.choices import MET, Budget, Choices, used

N_LAYERS, N_FORMATS = 5, 3

EVERY = [np.array(formats) for formats in product(range(N_FORMATS), repeat=N_LAYERS)]


def choices(seed: int, *, share: float = 0.5, converting: bool = True) -> Choices:
    """Random layers: narrower formats (higher index) use less and damage more."""
    rng = np.random.default_rng(seed)
    size = rng.uniform(1.0, 10.0, (N_LAYERS, 1))
    use = size * np.array([[1.0, 0.5, 0.25]])
    time = size * np.array([[1.0, 0.6, 0.6]]) * rng.uniform(0.8, 1.2, (N_LAYERS, N_FORMATS))
    damage = np.cumsum(rng.uniform(0.0, 1.0, (N_LAYERS, N_FORMATS)), axis=1)
    conversion = rng.uniform(0.1, 2.0, N_LAYERS - 1) if converting else None
    latency = Budget("latency", float(time[:, 0].sum()) * (0.4 + 0.6 * share), time, 0.1, conversion)
    return Choices(
        damage,
        (Budget("bytes", float(use[:, 0].sum()) * share, use, fixed=0.5), latency),
        computed_as=np.tile(np.array([0, 1, 1]), (N_LAYERS, 1)),
    )


def with_peaks(problem: Choices, *, share: float = 0.7) -> Choices:
    """Add a peak of memory: caches of all layers, and the activations alive while one of them runs."""
    rng = np.random.default_rng(5)
    live = rng.uniform(1.0, 5.0, (N_LAYERS, 1)) * np.array([[1.0, 0.5, 0.5]])
    cache = rng.uniform(0.1, 0.5, (N_LAYERS, 1)) * np.array([[1.0, 0.5, 0.25]])
    limit = share * float(live[:, 0].max() + cache[:, 0].sum())
    moments = []
    for layer in range(N_LAYERS):
        use = cache.copy()
        use[layer] += live[layer]
        moments.append(Budget("memory", limit, use))
    return replace(problem, budgets=(*problem.budgets, *moments))


def damage_of(given: Choices, formats: np.ndarray) -> float:
    return float(given.damage[np.arange(N_LAYERS), formats].sum())


def meets(given: Choices, formats: np.ndarray) -> bool:
    return all(t <= b.limit * MET for t, b in zip(used(given, formats), given.budgets, strict=True))


def brute_force(given: Choices) -> float | None:
    """Return the least damage within the budgets."""
    within = [damage_of(given, formats) for formats in EVERY if meets(given, formats)]
    return min(within, default=None)
