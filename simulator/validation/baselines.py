"""Three simpler models, each fitted to the rows it is then judged on: what a chip model has to beat."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hwmodels.op_table import Floats
from simulator.validation.bench import Work

RIDGES_MAC_PER_BYTE = np.geomspace(0.1, 1e5, 400)
"""Ridge points the roofline's search tries: wider than any chip's, 3.5 % apart."""


@dataclass(frozen=True, slots=True)
class Baselines:
    """Seconds per row: (rows,)."""

    macs_over_peak_s: Floats
    roofline_s: Floats
    bops_s: Floats


def fit_baselines(works: Sequence[Work], latency_s: Floats, *, precisions: Sequence[str]) -> Baselines:
    """Return the three models' latencies on the rows of one chip, least squares on log latency.

    MACs over peak has one rate per precision, the roofline a rate and a bandwidth per precision, and
    BOPs-proportional one rate for all precisions: that bits alone tell them apart is what it claims.
    """
    macs = np.array([each.macs for each in works])
    moved = np.array([each.io_bytes for each in works])
    over_peak, roofline = np.empty_like(latency_s), np.empty_like(latency_s)
    for precision in set(precisions):
        rows = np.array([each == precision for each in precisions])
        over_peak[rows] = _scaled(macs[rows], latency_s[rows])
        roofline[rows] = _roofline(macs[rows], moved[rows], latency_s[rows])
    return Baselines(over_peak, roofline, _scaled(np.array([each.bops for each in works]), latency_s))


def _scaled(shape: Floats, latency_s: Floats) -> Floats:
    """Return a multiple of `shape` with the least squared log error."""
    fitted: Floats = shape * np.exp(np.mean(np.log(latency_s / shape)))
    return fitted


def _roofline(macs: Floats, moved_bytes: Floats, latency_s: Floats) -> Floats:
    """Return max(macs / rate, bytes / bandwidth): at each ridge the scale is known, so ridges are tried."""
    shapes = np.maximum(macs, RIDGES_MAC_PER_BYTE[:, None] * moved_bytes)
    logs = np.log(latency_s / shapes)
    best = int(np.argmin(logs.var(axis=1)))
    fitted: Floats = shapes[best] * np.exp(logs[best].mean())
    return fitted
