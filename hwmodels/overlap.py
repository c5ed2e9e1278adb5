"""How the terms of one op's time combine."""

import numpy as np

from hwmodels.chip import Overlap
from hwmodels.op_table import Floats


def combined_s(
    rule: Overlap,
    *,
    compute_s: Floats,
    unpack_s: Floats,
    exposed_s: Floats,
    transfer_s: Floats,
    overhead_s: Floats,
) -> Floats:
    """Return the latency of each op: (3, rows).

    `compute_s`, `unpack_s`, `overhead_s`: (3, rows); `transfer_s`, `exposed_s`: (3, rows, levels). Unpacking
    precedes the product on the same data, so it never hides behind it; nor do first and last tiles where
    nothing is prefetched (`exposed_s`). Every rule is monotone in every term and never below the longest one.
    """
    computing = compute_s + unpack_s + exposed_s.sum(axis=2)
    match rule:
        case Overlap.FULL:
            busy = np.maximum(computing, transfer_s.max(axis=2))
        case Overlap.SHARED_BUS:
            busy = np.maximum(computing, transfer_s.sum(axis=2))
        case Overlap.SERIAL:
            busy = computing + transfer_s.sum(axis=2)
    latency: Floats = busy + overhead_s
    return latency
