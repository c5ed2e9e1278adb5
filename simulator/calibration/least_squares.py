"""Least squares over log factors under Huber's loss, by Gauss-Newton steps: how every fit here is made."""

import math
from collections.abc import Callable

import numpy as np

from hwmodels.op_table import Bools, Floats
from simulator.calibration.parameters import SCALE_HIGH, SCALE_LOW

Residuals = Callable[[Floats], Floats]
"""log(predicted / measured) at several points: (points, parameters) -> (points, rows)."""

CORNER = math.log(1.2)
"""Where Huber's loss turns straight: one row the model has no account of does not move all the others."""

STEP = 0.03
"""Log step of the finite differences: times are maxima of terms, whose derivatives jump."""

DAMPING = 1e-3
"""Held against a row's unit weight in each step: what no row fixes stays where the fit began."""

TOLERANCE = 5e-3
"""Largest log step after which a fit has arrived."""

MOST_STEPS = 12

AT_BOUND = 1e-3
"""A log factor within this of a bound counts as at it."""


def fitted_logs(residuals: Residuals, start: Floats, *, kept: Bools) -> Floats:
    """Return the log factors that fit the kept rows best: (parameters,), within the bounds of a fit.

    Gauss-Newton steps until they are small, halved where they do not lower the loss.
    """
    logs, off = start, residuals(start[None])[0]
    for _ in range(MOST_STEPS):
        step = _step(slopes_at(residuals, logs)[kept], off[kept])
        for _ in range(5):
            moved = np.clip(logs + step, math.log(SCALE_LOW), math.log(SCALE_HIGH))
            there = residuals(moved[None])[0]
            if loss(there[kept]) < loss(off[kept]):
                break
            step = step / 2
        else:
            break
        change, logs, off = np.max(np.abs(moved - logs), initial=0.0), moved, there
        if change < TOLERANCE:
            break
    return logs


def slopes_at(residuals: Residuals, logs: Floats) -> Floats:
    """Return the change of every residual per log factor: (rows, parameters)."""
    steps = STEP * np.eye(len(logs))
    ahead, behind = np.split(residuals(np.concatenate([logs + steps, logs - steps])), 2)
    slopes: Floats = (ahead - behind).T / (2 * STEP)
    return slopes


def standard_errors(slopes: Floats, residuals: Floats) -> Floats:
    """Return the standard error of each log factor, by slopes and residuals at the fit: (parameters,).

    Each row's residual counts for itself (White, Econometrica 1980), over the rows left over: energies that
    are far off say nothing of what latencies fix.
    """
    n_rows, n_parameters = slopes.shape
    influence = np.linalg.pinv(slopes.T @ slopes) @ slopes.T
    variances = (influence**2) @ residuals**2 * n_rows / max(n_rows - n_parameters, 1)
    errors: Floats = np.sqrt(variances)
    return errors


def is_at_bound(log_factor: float) -> bool:
    """Return whether a fit ended as far from where it began as it may go."""
    return min(log_factor - math.log(SCALE_LOW), math.log(SCALE_HIGH) - log_factor) < AT_BOUND


def loss(residuals: Floats) -> float:
    """Return the sum of Huber's loss (Huber 1964): square up to `CORNER`, straight beyond."""
    off = np.abs(residuals)
    return float(np.sum(np.where(off <= CORNER, off**2 / 2, CORNER * (off - CORNER / 2))))


def _step(slopes: Floats, residuals: Floats) -> Floats:
    """Return the Gauss-Newton step under Huber's weights."""
    weights = np.minimum(1.0, CORNER / np.maximum(np.abs(residuals), 1e-9))
    normal = slopes.T @ (weights[:, None] * slopes) + DAMPING * np.eye(slopes.shape[1])
    step = -np.linalg.solve(normal, slopes.T @ (weights * residuals))
    return np.asarray(step, dtype=np.float64)
