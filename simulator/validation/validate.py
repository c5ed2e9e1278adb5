"""Predicted against measured, row by row, and without the row's own network where parameters are fitted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hwmodels.chip import Chip
from hwmodels.chip_file import chip_names, load_chip
from simulator.validation.baselines import fit_baselines
from simulator.validation.bench import Bench, work
from simulator.validation.boards import Sibling, leave_network_out
from simulator.validation.left_out import leave_one_network_out
from simulator.validation.measured import Case, Measured, cases
from traces.errors import EdgeAsrError


@dataclass(frozen=True, slots=True)
class ValidationRow:
    """One case beside what the chip's model and three baselines say of it; seconds and joules.

    `predicted_s` with its range is the chip file as it ships; `left_out_s` is without the case's network
    (see `left_out` and `boards`), None where nothing can be said. The baselines were fitted to these very
    rows.
    """

    chip: str
    device: str
    network: str
    precision: str
    mix: str
    was_fitted: bool
    """Whether latencies of this chip were used to fit numbers of its file."""
    n_runtimes: int
    measured_s: float
    predicted_s: float
    predicted_low_s: float
    predicted_high_s: float
    left_out_s: float | None
    left_out_low_s: float | None
    left_out_high_s: float | None
    macs_over_peak_s: float
    roofline_s: float
    bops_s: float
    measured_j: float | None
    predicted_j: float
    predicted_low_j: float
    predicted_high_j: float
    left_out_j: float | None
    left_out_low_j: float | None
    left_out_high_j: float | None


def validate(
    measured: Sequence[Measured],
    *,
    chips: Sequence[str] = (),
    report: Callable[[str], None] = lambda _: None,
) -> tuple[ValidationRow, ...]:
    """Return a row per case on chips of the library, of the chips named or of all; `report` hears of each.

    Raises:
        EdgeAsrError: if no measured row is of a wanted chip.
    """
    by_chip: dict[str, list[Case]] = {}
    for case in cases(measured):
        by_chip.setdefault(case.chip, []).append(case)
    measured_chips = [name for name in by_chip if name in chip_names()]
    all_cases = by_chip
    by_chip = {name: mine for name, mine in by_chip.items() if name in (chips or measured_chips)}
    if not by_chip:
        raise EdgeAsrError(
            f"no measured row is of {', '.join(chips) or 'a chip of the library'}; "
            f"measured: {', '.join(sorted({row.chip for row in measured}))}"
        )
    rows: list[ValidationRow] = []
    known = [Sibling(load_chip(name), tuple(all_cases[name])) for name in measured_chips]
    for name, mine in by_chip.items():
        report(name)
        chip = load_chip(name)
        rows += _chip_rows(chip, mine, [each for each in known if each.chip != chip])
    return tuple(rows)


def _chip_rows(chip: Chip, mine: list[Case], siblings: Sequence[Sibling]) -> list[ValidationRow]:
    bench = Bench([(case.network, case.precision) for case in mine])
    found = bench.predict(chip)
    left_out = leave_network_out(chip, mine, siblings) or leave_one_network_out(chip, mine)
    works = [work(case.network, case.precision) for case in mine]
    measured_s = np.array([case.latency_s for case in mine])
    baselines = fit_baselines(works, measured_s, precisions=[case.precision for case in mine])
    was_fitted = any(
        quantity.kind == "fitted" and path.startswith(("rates", "levels", "overheads"))
        for path, quantity in chip.quantities()
    )
    return [
        ValidationRow(
            chip=case.chip,
            device=case.device,
            network=case.network,
            precision=str(case.precision),
            mix=works[idx].mix,
            was_fitted=was_fitted,
            n_runtimes=case.n_runtimes,
            measured_s=case.latency_s,
            predicted_s=float(found.latency_s.nominal[idx]),
            predicted_low_s=float(found.latency_s.low[idx]),
            predicted_high_s=float(found.latency_s.high[idx]),
            left_out_s=None if left_out is None else float(left_out.nominal_s[idx]),
            left_out_low_s=None if left_out is None else float(left_out.low_s[idx]),
            left_out_high_s=None if left_out is None else float(left_out.high_s[idx]),
            macs_over_peak_s=float(baselines.macs_over_peak_s[idx]),
            roofline_s=float(baselines.roofline_s[idx]),
            bops_s=float(baselines.bops_s[idx]),
            measured_j=case.energy_j,
            predicted_j=float(found.energy_j.nominal[idx]),
            predicted_low_j=float(found.energy_j.low[idx]),
            predicted_high_j=float(found.energy_j.high[idx]),
            left_out_j=None if left_out is None else float(left_out.energy_j[idx]),
            left_out_low_j=None if left_out is None else float(left_out.energy_low_j[idx]),
            left_out_high_j=None if left_out is None else float(left_out.energy_high_j[idx]),
        )
        for idx, case in enumerate(mine)
    ]
