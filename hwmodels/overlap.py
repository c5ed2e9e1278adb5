"""How the terms of one op's time combine."""

from collections.abc import Sequence
from functools import reduce

import numpy as np

from hwmodels.chip import Overlap
from hwmodels.op_table import Floats


def combined_s(
    rule: Overlap,
    *,
    compute_s: Floats,
    unpack_s: Floats,
    exposed_s: Sequence[Floats],
    transfer_s: Sequence[Floats],
    overhead_s: Floats,
) -> Floats:
    """Return the latency of each op, of the shape the terms broadcast to.

    `transfer_s` and `exposed_s` have one array per level. Unpacking precedes the product on the same data, so
    it never hides behind it; nor do first and last tiles where nothing is prefetched (`exposed_s`). Every
    rule is monotone in every term and never below the longest one.
    """
    computing = compute_s + unpack_s + _added(exposed_s)
    match rule:
        case Overlap.FULL:
            busy = reduce(np.maximum, transfer_s, computing)
        case Overlap.SHARED_BUS:
            busy = np.maximum(computing, _added(transfer_s))
        case Overlap.SERIAL:
            busy = computing + _added(transfer_s)
    latency: Floats = busy + overhead_s
    return latency


def _added(terms: Sequence[Floats]) -> Floats:
    first, *others = terms
    return sum(others, first)
