"""Numbers of a chip that are chosen, for one chip or for many at once: by hand, or as axes of a sweep."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from hwmodels.chip import Chip
from hwmodels.lanes import EXTENTS, lane_table
from hwmodels.op_table import Floats
from hwmodels.quantity import CHOSEN, Quantity, Varied, nominal
from hwmodels.rate import Rate
from traces.errors import unknown_name


def choosable(chip: Chip) -> tuple[str, ...]:
    """Return the key path of every number of the chip that can be chosen: `quantities`, then `lanes`."""
    return tuple(path for path, _ in (*chip.quantities(), *chip.lanes()))


def with_chosen(chip: Chip, chosen: Mapping[str, Floats]) -> Chip:
    """Return the chip with some numbers chosen: `()` each for one chip, or `(chips,)` each for many.

    A number chosen is exact. Where an array is given another shape (`rates.dense-int8.lanes.n`) and not what
    it does per cycle, that grows with its size: twice the lanes, twice the MACs. Nothing else follows.

    Raises:
        EdgeAsrError: if a path is none of the chip's (nearest ones offered).
    """
    known = choosable(chip) if chosen else ()
    for path in chosen:
        if path not in known:
            raise unknown_name(f"number of chip {chip.name}", path, known=known)
    lanes = {path for path, _ in chip.lanes()}
    for path, values in chosen.items():
        if path not in lanes:
            chip = chip.with_quantity(path, _number(np.asarray(values, dtype=np.float64)))
    return replace(chip, rates=tuple(_with_lanes(rate, chosen) for rate in chip.rates))


def numbers_of(chip: Chip, paths: Iterable[str]) -> dict[str, Floats]:
    """Return some of the chip's numbers by key path: (chips,) each, (1,) where none is varied."""
    numbers, lanes = dict(chip.quantities()), dict(chip.lanes())
    return {
        path: nominal(numbers[path])[:, 0] if path in numbers else lane_table((lanes[path],))[:, 0]
        for path in paths
    }


def _number(values: Floats) -> Quantity:
    return Varied.over(values, CHOSEN) if values.ndim else Quantity.exact(float(values), "chosen", CHOSEN)


def _with_lanes(rate: Rate, chosen: Mapping[str, Floats]) -> Rate:
    """Return the rate with the lanes chosen for it, and with what they do per cycle."""
    place = f"rates.{rate.name}"
    paths = {name: f"{place}.lanes.{name}" for name in EXTENTS}
    extents = {name: _extent(chosen[path]) for name, path in paths.items() if path in chosen}
    if not extents:
        return rate
    lanes = rate.lanes.reshaped(extents)
    if f"{place}.per_cycle" in chosen:
        return replace(rate, lanes=lanes)
    growth = lanes.size() / rate.lanes.size()
    is_one = not any(isinstance(each, Varied) for each in extents.values())
    return replace(rate, lanes=lanes, per_cycle=rate.per_cycle.times(growth[0] if is_one else growth))


def _extent(values: Floats) -> int | Varied:
    return Varied.over(values, CHOSEN) if np.ndim(values) else int(values)
