"""What a model says of a network that none of its numbers has seen, where chips have many measured networks.

Every number of kind fitted is fitted anew without the network, in all precisions and on all chips whose files
share a fitted number: a rate that thirteen chips share has seen the network on the twelve others as well. A
fit begins where that of all rows ended and steps until it rests. Where rows are fewer than the numbers ask
for, nothing is said here; see `boards` for chips with two networks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hwmodels.chip import Chip
from hwmodels.op_table import Floats
from simulator.calibration.together import Together, common_parameters
from simulator.validation.bench import Bench, Prediction
from simulator.validation.measured import Case

ROWS_PER_NUMBER = 1.5
"""Fewest rows per fitted number for a fit to be made."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Seconds and joules per case: (cases,) each."""

    nominal_s: Floats
    low_s: Floats
    high_s: Floats
    energy_j: Floats
    energy_low_j: Floats
    energy_high_j: Floats

    @staticmethod
    def chosen(predictions: Sequence[Prediction]) -> "LeftOut":
        """Return of each prediction of all cases the case it was made for: prediction i is for case i."""

        def own(arrays: Sequence[Floats]) -> Floats:
            return np.array([values[idx] for idx, values in enumerate(arrays)])

        latencies = [each.latency_s for each in predictions]
        energies = [each.energy_j for each in predictions]
        return LeftOut(
            own([each.nominal for each in latencies]),
            own([each.low for each in latencies]),
            own([each.high for each in latencies]),
            own([each.nominal for each in energies]),
            own([each.low for each in energies]),
            own([each.high for each in energies]),
        )


def relatives(chips: Sequence[Chip]) -> tuple[tuple[Chip, ...], ...]:
    """Return the chips in groups that share fitted numbers, directly or by way of others."""
    groups: list[set[int]] = [{idx} for idx in range(len(chips))]
    for parameter in common_parameters(chips):
        having = {idx for idx, paths in enumerate(parameter.paths) if paths}
        touched = [group for group in groups if group & having]
        groups = [group for group in groups if not group & having] + [set().union(*touched)]
    return tuple(tuple(chips[idx] for idx in sorted(group)) for group in groups)


def fitted_together(chips: Sequence[Chip], cases: Sequence[Case]) -> tuple[Together, Floats] | None:
    """Return related chips with their cases, and the log factors that fit all; None where cases are few."""
    if len(cases) < max(ROWS_PER_NUMBER * len(common_parameters(chips)), 3):
        return None
    together = Together(chips, cases)
    if not together.parameters:
        return None
    everything = np.ones(len(cases), dtype=bool)
    return together, together.fit(everything, np.zeros(len(together.parameters)))


def leave_one_network_out(together: Together, logs: Floats) -> dict[str, LeftOut]:
    """Return, by chip, each of its cases as predicted without any case of its network on any chip.

    `logs` are the log factors that fit all cases.
    """
    networks = np.array([case.network for case in together.cases])
    found: dict[Case, Prediction] = {}
    places: dict[Case, int] = {}
    for network in sorted(set(networks.tolist())):
        fitted = together.fit(networks != network, logs)
        for chip in together.chips_at(fitted):
            mine = [case for case in together.cases if case.chip == chip.name and case.network == network]
            if mine:
                prediction = Bench([(case.network, case.precision) for case in mine]).predict(chip)
                found.update(dict.fromkeys(mine, prediction))
                places.update({case: place for place, case in enumerate(mine)})
    return {chip.name: _of_chip(chip, together.cases, found, places) for chip in together.chips}


def _of_chip(
    chip: Chip, cases: Sequence[Case], found: dict[Case, Prediction], places: dict[Case, int]
) -> LeftOut:
    mine = [case for case in cases if case.chip == chip.name]
    arrays = [
        [getattr(getattr(found[case], what), end)[places[case]] for case in mine]
        for what in ("latency_s", "energy_j")
        for end in ("nominal", "low", "high")
    ]
    return LeftOut(*(np.array(values) for values in arrays))
