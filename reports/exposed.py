"""How an op's latency divides among the terms that overlap in it."""

import numpy as np

from hwmodels.cost_table import BoundBy, CostTable
from hwmodels.op_table import Floats

COMPUTE, HOST, UNPACK, OVERHEAD = range(4)
"""The first columns of `exposed_terms`; the memory levels follow."""


def term_names(cost: CostTable) -> tuple[str, ...]:
    """Return the names of the columns of `exposed_terms`."""
    return ("compute", "host", "unpack", "overhead", *cost.levels)


def exposed_terms(cost: CostTable) -> Floats:
    """Return the seconds of nominal latency that each term accounts for.

    Shape `(rows, 4 + levels)`; a row sums to its latency. Overhead never hides behind anything, so it comes
    first; then the longest term takes what it can of the latency that is left, then the next. Where
    everything overlaps, that shows overhead plus the longest term; where nothing does, every term in full.
    What no term explains (pipeline fill, waiting) counts for the longest. Computation of ops bound by the
    host is the host's.
    """
    on_host = cost.bound_by == BoundBy.HOST
    terms = np.column_stack(
        (
            np.where(on_host, 0.0, cost.compute_s),
            np.where(on_host, cost.compute_s, 0.0),
            cost.unpack_s,
            cost.overhead_s,
            cost.transfer_s,
        )
    )
    latency_s = cost.latency_s.nominal
    ranked = terms.copy()
    ranked[:, OVERHEAD] = np.inf
    order = np.argsort(-ranked, axis=1, kind="stable")
    reached = np.minimum(np.cumsum(np.take_along_axis(terms, order, axis=1), axis=1), latency_s[:, None])
    taken = np.diff(reached, axis=1, prepend=0.0)
    taken[:, 1] += latency_s - reached[:, -1]
    exposed: Floats = np.empty_like(taken)
    np.put_along_axis(exposed, order, taken, axis=1)
    return exposed
