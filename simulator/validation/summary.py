"""Validation rows summed up by chip, precision and op mix."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from hwmodels.op_table import Floats
from simulator.validation.scores import score
from simulator.validation.validate import ValidationRow

DIRECTION = 1.15
"""Measured ratio of two precisions beyond which a model has to know which of them is faster."""


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """Scores of one group; fractions. Columns of other models are their MAPE on the same rows.

    `left_out_*` are over the rows for which something can be said without their network.
    """

    by: str
    group: str
    n: int
    mape: float
    bias: float
    spearman: float | None
    coverage: float | None
    n_left_out: int
    left_out_mape: float | None
    left_out_bias: float | None
    left_out_coverage: float | None
    macs_over_peak_mape: float
    roofline_mape: float
    bops_mape: float


@dataclass(frozen=True, slots=True)
class Directions:
    """How often the faster of two precisions of a network is told right, where they measurably differ."""

    n: int
    right: int
    wrong: tuple[str, ...]
    """`chip network precision/precision`, measured and predicted ratio."""


GROUPS: dict[str, Callable[[ValidationRow], str]] = {
    "chip and precision": lambda row: f"{row.chip} {row.precision}",
    "chip": lambda row: row.chip,
    "precision": lambda row: row.precision,
    "op mix": lambda row: row.mix,
    "all": lambda _: "all",
}


def summarise(rows: Sequence[ValidationRow], by: str) -> tuple[SummaryRow, ...]:
    """Return the scores of every group of rows, `by` one of `GROUPS`."""
    key = GROUPS[by]
    groups: dict[str, list[ValidationRow]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return tuple(_summary(by, group, mine) for group, mine in groups.items())


def directions(rows: Sequence[ValidationRow]) -> Directions:
    """Return how often predictions order two precisions of one network on one chip as measured."""
    together: dict[tuple[str, str], list[ValidationRow]] = {}
    for row in rows:
        together.setdefault((row.chip, row.network), []).append(row)
    n, wrong = 0, []
    for (chip, network), same in together.items():
        for first, second in combinations(same, 2):
            measured = first.measured_s / second.measured_s
            predicted = first.predicted_s / second.predicted_s
            if max(measured, 1 / measured) <= DIRECTION:
                continue
            n += 1
            if (measured > 1) != (predicted > 1):
                pair = f"{first.precision}/{second.precision}"
                wrong.append(f"{chip} {network} {pair}: measured {measured:.2f}, predicted {predicted:.2f}")
    return Directions(n, n - len(wrong), tuple(wrong))


def worst(rows: Sequence[ValidationRow], n: int) -> tuple[ValidationRow, ...]:
    """Return the rows whose prediction is off by the largest factor, either way."""
    off = sorted(rows, key=lambda row: abs(np.log(row.predicted_s / row.measured_s)), reverse=True)
    return tuple(off[:n])


def _summary(by: str, group: str, rows: list[ValidationRow]) -> SummaryRow:
    measured = _column(rows, "measured_s")
    shipped = score(
        measured,
        _column(rows, "predicted_s"),
        low=_column(rows, "predicted_low_s"),
        high=_column(rows, "predicted_high_s"),
    )
    known = [row for row in rows if row.left_out_s is not None]
    left_out = score(_column(known, "measured_s"), _column(known, "left_out_s")) if known else None
    ranged = [row for row in known if row.left_out_low_s is not None]
    inside = [(row.left_out_low_s or 0.0) <= row.measured_s <= (row.left_out_high_s or 0.0) for row in ranged]
    return SummaryRow(
        by=by,
        group=group,
        n=shipped.n,
        mape=shipped.mape,
        bias=shipped.bias,
        spearman=shipped.spearman,
        coverage=shipped.coverage,
        n_left_out=len(known),
        left_out_mape=None if left_out is None else left_out.mape,
        left_out_bias=None if left_out is None else left_out.bias,
        left_out_coverage=float(np.mean(inside)) if inside else None,
        macs_over_peak_mape=score(measured, _column(rows, "macs_over_peak_s")).mape,
        roofline_mape=score(measured, _column(rows, "roofline_s")).mape,
        bops_mape=score(measured, _column(rows, "bops_s")).mape,
    )


def _column(rows: Sequence[ValidationRow], name: str) -> Floats:
    return np.array([getattr(row, name) for row in rows], dtype=np.float64)
