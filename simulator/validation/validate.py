"""Predicted against measured, row by row, and without the row's own network where parameters are fitted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hwmodels.chip import Chip
from hwmodels.chip_file import chip_names, load_chip
from hwmodels.op_table import Floats
from simulator.validation.baselines import fit_baselines
from simulator.validation.bench import Bench, work
from simulator.validation.boards import Sibling, leave_network_out
from simulator.validation.left_out import LeftOut, fitted_together, leave_one_network_out, relatives
from simulator.validation.left_out_chip import leave_one_chip_out
from simulator.validation.measured import Case, Measured, cases
from traces.errors import EdgeAsrError


@dataclass(frozen=True, slots=True)
class ValidationRow:
    """One case beside what the chip's model and three baselines say of it; seconds and joules.

    `predicted_s` with its range is the chip file as it ships; `left_out_s` is without the case's network
    (see `left_out` and `boards`), `chip_left_out_s` without any case of its chip (see `left_out_chip`), None
    where nothing can be said. The baselines were fitted to these very rows.
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
    chip_left_out_s: float | None
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
    refits: bool = True,
    report: Callable[[str], None] = lambda _: None,
) -> tuple[ValidationRow, ...]:
    """Return a row per case on chips of the library, of the chips named or of all; `report` hears of each.

    Without `refits`, which take a minute of computing, nothing is said of what is left out where chips are
    fitted together.

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
    known = [Sibling(load_chip(name), tuple(all_cases[name])) for name in measured_chips]
    without = _without(known, wanted=frozenset(by_chip) if refits else frozenset(), report=report)
    rows: list[ValidationRow] = []
    for name, mine in by_chip.items():
        rows += _chip_rows(load_chip(name), mine, without[name])
    return tuple(rows)


@dataclass(frozen=True, slots=True)
class _Without:
    """Predictions of one chip's cases without their networks, and without all of them."""

    network: LeftOut | None
    chip_s: Floats | None = None


def _without(
    known: Sequence[Sibling], *, wanted: frozenset[str], report: Callable[[str], None]
) -> dict[str, _Without]:
    """Return what is said of each wanted chip without its network, and without its own rows."""
    found: dict[str, _Without] = {}
    for each in known:
        others = [other for other in known if other.chip != each.chip]
        found[each.chip.name] = _Without(leave_network_out(each.chip, each.cases, others))
    unsaid = [each for each in known if found[each.chip.name].network is None]
    for group in relatives([each.chip for each in unsaid]):
        names = {chip.name for chip in group}
        if not names & wanted:
            continue
        report(", ".join(sorted(names & wanted)))
        mine = [case for each in unsaid if each.chip.name in names for case in each.cases]
        fitted = fitted_together(group, mine)
        if fitted is not None:
            networks, chips = leave_one_network_out(*fitted), leave_one_chip_out(*fitted)
            found |= {name: _Without(networks[name], chips.get(name)) for name in names}
    return found


def _chip_rows(chip: Chip, mine: list[Case], without: _Without) -> list[ValidationRow]:
    bench = Bench([(case.network, case.precision) for case in mine])
    found = bench.predict(chip)
    left_out = without.network
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
            chip_left_out_s=None if without.chip_s is None else float(without.chip_s[idx]),
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
