"""Intervals: every latency and energy at three corners of the chip's parameter ranges.

All bandwidths, rates, delays, powers and energies stand at once at their optimistic end (low), at their value
(nominal) and at their pessimistic end (high). Every cost is monotone in each of them, so low <= nominal <=
high holds, and no combination of values inside the ranges falls outside. It is a bound, not a confidence
interval: errors of different parameters that would cancel are taken to add, and a clock counts at its high
end for the time and at its low one for the power. Sizes of memories, codec ratios, write factors, tile limits
and bytes per MAC stay at their values, since they decide what goes where.
"""

from hwmodels.cost_table import Interval
from hwmodels.op_table import Floats


def interval(corners: Floats) -> Interval:
    """Return (3, rows) of optimistic, nominal and pessimistic values as an interval."""
    return Interval(corners[0], corners[1], corners[2])
