"""The page's section on energy: few rows, so each is shown, and sums by chip beside one baseline."""

import math
from collections.abc import Sequence
from statistics import geometric_mean

from reports.table import Table, render
from reports.validation.shares import percent, signed
from simulator.validation.bench import work
from simulator.validation.validate import ValidationRow
from traces.networks.store import Precision

_TEXT = """## Energy per inference

Measured for whole boards in MLPerf Tiny's energy mode. Left out, power and speed come from the other network
alone; energies per MAC are assumed, and zero where a core's power while computing contains them. The baseline
is one energy per MAC and chip, fitted to the rows it is judged on.
"""


def energy_section(rows: Sequence[ValidationRow]) -> str:
    """Return the section as Markdown, empty where no energy was measured."""
    known = [row for row in rows if row.measured_j is not None]
    if not known:
        return ""
    by_chip: dict[str, list[ValidationRow]] = {}
    for row in known:
        by_chip.setdefault(row.chip, []).append(row)
    sums = [_summary("all", known), *(_summary(chip, mine) for chip, mine in by_chip.items())]
    columns = (
        "", "cases", "MAPE", "bias", "inside", "left-out MAPE", "left-out bias", "left-out inside", "per MAC",
    )  # fmt: skip
    return "\n".join((_TEXT, render(Table(columns, tuple(sums)), "md"), _cases(known)))


def _summary(name: str, rows: Sequence[ValidationRow]) -> tuple[str, ...]:
    shipped = [_error(row, row.predicted_j) for row in rows]
    left_out = [_error(row, row.left_out_j) for row in rows if row.left_out_j is not None]
    inside = [_inside(row, row.predicted_low_j, row.predicted_high_j) for row in rows]
    left_out_inside = [
        _inside(row, row.left_out_low_j, row.left_out_high_j)
        for row in rows
        if row.left_out_low_j is not None and row.left_out_high_j is not None
    ]
    return (
        name, str(len(rows)), percent(_mean([abs(each) for each in shipped])), signed(_mean(shipped)),
        percent(_mean(inside)), percent(_mean([abs(each) for each in left_out])), signed(_mean(left_out)),
        percent(_mean(left_out_inside)), percent(_mean([abs(each) for each in _per_mac(rows)])),
    )  # fmt: skip


def _per_mac(rows: Sequence[ValidationRow]) -> list[float]:
    """Return the errors of one energy per MAC and chip: the geometric mean over its rows."""
    per_mac = [
        (row.measured_j or math.nan) / work(row.network, Precision(row.precision)).macs for row in rows
    ]
    fitted = {
        chip: geometric_mean(each for each, row in zip(per_mac, rows, strict=True) if row.chip == chip)
        for chip in {row.chip for row in rows}
    }
    return [fitted[row.chip] / each - 1 for each, row in zip(per_mac, rows, strict=True)]


def _cases(rows: Sequence[ValidationRow]) -> str:
    cells = [
        (
            row.chip, row.network, _joules(row.measured_j), _joules(row.predicted_j),
            signed(_error(row, row.predicted_j)), _joules(row.left_out_j),
            "" if row.left_out_j is None else signed(_error(row, row.left_out_j)),
        )
        for row in rows
    ]  # fmt: skip
    columns = ("chip", "network", "measured", "predicted", "error", "left out", "left-out error")
    return render(Table(columns, tuple(cells)), "md")


def _error(row: ValidationRow, predicted_j: float) -> float:
    return predicted_j / (row.measured_j or math.nan) - 1


def _inside(row: ValidationRow, low_j: float, high_j: float) -> bool:
    return low_j <= (row.measured_j or math.nan) <= high_j


def _joules(value: float | None) -> str:
    return "" if value is None else f"{value * 1e6:.4g} µJ"


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
