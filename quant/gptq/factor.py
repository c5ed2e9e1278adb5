"""The order in which GPTQ rounds columns, and how the error of each is spread over those behind it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from quant.gptq.hessian import Hessian
from traces.errors import EdgeAsrError

RAISE = 10.0
"""How much more damping each further attempt gets."""

ATTEMPTS = 8
"""With `RAISE` the last of them damps by more than the mean diagonal from any damping above 1e-7."""

LEAST_RAISED = 1e-6
"""Where raising starts if the damping is zero: well above the rounding of a float32 product."""


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """An order of the columns and the factor of the inverse Hessian in that order.

    order: (in,) int64, the column that is rounded first comes first; the last `n_float` are not rounded.
    upper: (in, in) float32 with upper^T upper = H^-1. Row i, divided by its diagonal, says how the error
    of column i moves to the columns behind it. `damping` is what it took, relative to the mean diagonal.
    """

    order: Tensor
    upper: Tensor
    n_float: int
    damping: float


def factor_of(
    hessian: Hessian, *, damping: float, act_order: bool, float_columns: Tensor | None = None
) -> Factor:
    """Return the factor of a Hessian damped by a share of its mean diagonal.

    With `act_order` columns of large input go first, while most others can still make up for them;
    `float_columns` (n_float,) go last, so that the errors of all others flow into them. An input that was
    zero on all tokens is given the mean diagonal: its column is rounded to nearest and moves nothing. (The
    reference code sets its weights to zero; an input silent in calibration need not be silent for ever.)

    A matrix that has no Cholesky factor is damped more, step by step.

    Raises:
        EdgeAsrError: if no damping helps, because the sums are not finite.
    """
    h = hessian.total().clone()
    diagonal = h.diagonal()
    dead = diagonal == 0
    mean = float(diagonal[~dead].mean()) if not bool(dead.all()) else 1.0
    diagonal[dead] = mean
    order = _order(diagonal, act_order=act_order, float_columns=float_columns)
    h = h[order][:, order]
    used = damping
    for _ in range(ATTEMPTS):
        upper = _upper_factor_of_inverse(h, used * mean)
        if upper is not None:
            return Factor(order, upper, 0 if float_columns is None else len(float_columns), used)
        used = max(used * RAISE, LEAST_RAISED)
    raise EdgeAsrError(
        f"a Hessian of {hessian.in_features} inputs is not positive definite with a damping of {used:.3g} "
        "either; check the calibration audio"
    )


def _order(diagonal: Tensor, *, act_order: bool, float_columns: Tensor | None) -> Tensor:
    importance = diagonal.clone()
    if float_columns is not None:
        importance[float_columns] = -1.0
    elif not act_order:
        return torch.arange(len(diagonal), device=diagonal.device)
    if not act_order:
        importance = importance.clamp(max=0.0)
    return torch.argsort(importance, descending=True, stable=True)


def _upper_factor_of_inverse(h: Tensor, added: float) -> Tensor | None:
    """Return upper U (in, in) float32 with U^T U = (h + added I)^-1, or None if there is none.

    With both axes flipped, h = L L^T becomes h = R R^T with R upper, so that U is the inverse of R: one
    factorization, and h itself is never inverted.
    """
    damped = h.clone()
    damped.diagonal().add_(added)
    lower, failed = torch.linalg.cholesky_ex(damped.flip(0, 1))
    if int(failed):
        return None
    ones = torch.eye(len(h), device=h.device)  # float32, as what is found: R is far better conditioned than h
    found = torch.linalg.solve_triangular(lower.flip(0, 1).float(), ones, upper=True)
    return found if bool(torch.isfinite(found).all()) else None
