"""How the terms of one op's time combine."""

from collections.abc import Sequence
from functools import reduce

import numpy as np

from hwmodels.chip import Chip, Overlap
from hwmodels.op_table import Floats


def waiting_from(chip: Chip) -> int:
    """Return the index of the first level whose transfers nothing hides; their count where none waits.

    A staging buffer that is not double-buffered either fills or is used: what comes from behind it waits.
    Caches and memories read in place have no such halves.
    """
    if chip.tiling.double_buffered or chip.family in ("mcu", "cpu"):
        return len(chip.levels)
    return next((idx + 1 for idx, level in enumerate(chip.levels) if level.stages), len(chip.levels))


def combined_s(
    chip: Chip,
    *,
    compute_s: Floats,
    unpack_s: Floats,
    exposed_s: Sequence[Floats],
    transfer_s: Sequence[Floats],
    overhead_s: Floats,
) -> Floats:
    """Return the latency of each op, of the shape the terms broadcast to.

    `transfer_s` and `exposed_s` have one array per level. Unpacking precedes the product on the same data, so
    it never hides behind it; nor do first and last tiles where nothing is prefetched (`exposed_s`), nor what
    fills a buffer without a second half (`waiting_from`). Every rule is monotone in every term and never
    below the longest one.
    """
    computing = compute_s + unpack_s + _added(exposed_s)
    start = waiting_from(chip)
    beside, after = transfer_s[:start], transfer_s[start:]
    match chip.overlap:
        case Overlap.FULL:
            busy = reduce(np.maximum, beside, computing + reduce(np.maximum, after, np.zeros(1)))
        case Overlap.SHARED_BUS:
            busy = np.maximum(computing + _added(after), _added(transfer_s))
        case Overlap.SERIAL:
            busy = computing + _added(transfer_s)
    latency: Floats = busy + overhead_s
    return latency


def _added(terms: Sequence[Floats]) -> Floats:
    return sum(terms, np.zeros(1))
