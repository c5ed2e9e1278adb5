"""What a model says of a chip none of whose own measurements its numbers have seen.

All related chips but one are fitted together. What files share is then known; the left-out chip's own clocks
and bandwidths come from the one thing its data sheet says of how fast it is, its generation: they lie on a
straight line through the logarithms of the others' over generation. Its own rates are the others' median.
"""

from collections.abc import Sequence

import numpy as np

from hwmodels.chip import Chip
from hwmodels.op_table import Floats
from hwmodels.quantity import Quantity
from simulator.calibration.together import Together
from simulator.validation.bench import Bench

FEWEST = 4
"""Other chips of known generation that a line needs."""


def leave_one_chip_out(together: Together, logs: Floats) -> dict[str, Floats]:
    """Return, by chip of known generation, the latency of each of its cases: (cases of the chip,).

    `logs` are the log factors that fit all cases.
    """
    known = [chip for chip in together.chips if chip.generation is not None]
    if len(known) <= FEWEST:
        return {}
    own = {path for each in together.parameters if each.owner is not None for path in each.paths[each.owner]}
    found = {}
    for chip in known:
        kept = np.array([case.chip != chip.name for case in together.cases])
        fitted = together.chips_at(together.fit(kept, logs))
        mine = next(each for each in fitted if each.name == chip.name)
        others = [each for each in fitted if each.name != chip.name]
        for path in sorted(own & {path for path, _ in mine.quantities()}):
            value = _value(path, mine, others)
            mine = mine.with_quantity(path, Quantity.exact(value, "derived", "generation"))
        jobs = [(case.network, case.precision) for case in together.cases if case.chip == chip.name]
        found[chip.name] = Bench(jobs).predict(mine).latency_s.nominal
    return found


def _value(path: str, mine: Chip, others: Sequence[Chip]) -> float:
    numbers = [(each.generation, dict(each.quantities()).get(path)) for each in others]
    if path.startswith("rates"):
        return float(np.median([number.value for _, number in numbers if number is not None]))
    points = np.array(
        [
            (generation.value, np.log(number.value))
            for generation, number in numbers
            if generation is not None and number is not None
        ]
    )
    slope, offset = np.polyfit(points[:, 0], points[:, 1], 1)
    return float(np.exp(offset + slope * (mine.generation.value if mine.generation else np.nan)))
