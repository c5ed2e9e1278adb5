"""What each axis of a sweep does to an objective, all other axes averaged over."""

from dataclasses import dataclass

import numpy as np

from hwmodels.op_table import Bools, Floats, Ints

BINS = 10
"""Equal parts by count, into which the values of a sampled range are sorted."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What an axis does to an objective, in logarithms: factors count, wherever they start from.

    `variance_share` is the first-order share (Sobol' 1993): the variance of the mean at each value of the
    axis over the whole variance; shares of independent axes add to at most 1, and interactions are the rest.
    `elasticity` is the slope of the objective over the axis's number, both in logarithms: -1 where twice the
    number halves the objective; None where the axis has no positive numbers. `best` and `worst` are values of
    the axis by the geometric mean of the objective, `factor` what lies between.
    """

    axis: str
    objective: str
    variance_share: float
    elasticity: float | None
    best: str
    worst: str
    factor: float


def effect(
    axis: str,
    objective: str,
    *,
    values: Floats,
    groups: Ints,
    labels: tuple[str, ...],
    numbers: Floats | None,
) -> Effect | None:
    """Return the effect of an axis; None where fewer than two points have a positive objective.

    `values`: (points,) of the objective. `groups`: (points,) positions in `labels` of the axis's values.
    `numbers`: (points,) of the axis where its values are numbers.
    """
    counts = np.isfinite(values) & (values > 0)
    logs, groups = np.log(values[counts]), groups[counts]
    if len(logs) < 2:
        return None
    sizes = np.bincount(groups, minlength=len(labels))
    means = np.bincount(groups, logs, len(labels)) / np.maximum(sizes, 1)
    total = float(logs.var())
    within = float(np.average((means - logs.mean()) ** 2, weights=sizes))
    known = np.flatnonzero(sizes)
    best, worst = known[means[known].argmin()], known[means[known].argmax()]
    return Effect(
        axis,
        objective,
        variance_share=within / total if total > 0 else 0.0,
        elasticity=None if numbers is None else _slope(numbers[counts], logs),
        best=labels[best],
        worst=labels[worst],
        factor=float(np.exp(means[worst] - means[best])),
    )


def binned(numbers: Floats) -> tuple[Ints, Floats]:
    """Return each number's bin, and each bin's median: (points,), (bins,); few numbers are their own bins."""
    distinct, positions = np.unique(numbers, return_inverse=True)
    if len(distinct) <= BINS:
        return positions, distinct
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, BINS + 1)[1:-1]))
    _, bins = np.unique(np.searchsorted(edges, numbers, side="right"), return_inverse=True)
    return bins, np.array([np.median(numbers[bins == idx]) for idx in range(bins.max() + 1)])


def _slope(numbers: Floats, logs: Floats) -> float | None:
    positive: Bools = numbers > 0
    if not positive.all():
        return None
    x = np.log(numbers)
    spread = float(((x - x.mean()) ** 2).sum())
    return float(((x - x.mean()) * (logs - logs.mean())).sum() / spread) if spread > 0 else None
