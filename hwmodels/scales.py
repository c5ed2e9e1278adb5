"""Scales of output channels: small records, fetched in order, that a memory's latency limits."""

import numpy as np

from hwmodels.chip import Level
from hwmodels.op_table import Floats, OpClass, OpTable
from hwmodels.quantity import corners
from hwmodels.rates import RowRates
from hwmodels.utilisation import blocks_of_m

CHANNELS = 64.0
"""Most channels of one block of results where positions compete for it: Vela's search over blocks weighs what
both fetch again, and settles near as many channels as a dot product is deep."""


def scales_s(ops: OpTable, level: Level, rates: RowRates) -> Floats:
    """Return the least seconds that the scales of weights stored in a level take: (3, chips, rows).

    Every pass over the weights fetches each channel's scale anew: one for each block of `results_at_once`
    results, `CHANNELS` wide at most, that an op's positions fill.
    """
    if level.channel_s is None:
        return np.zeros((3, 1, ops.n_rows))
    positions = blocks_of_m(ops, rates) * rates.lanes_m
    blocks = positions * np.minimum(ops.n, CHANNELS) / np.maximum(rates.results_at_once, 1.0)
    passes = np.where(ops.op_class == OpClass.DENSE, np.ceil(blocks), 1.0)
    channels = np.where(ops.weight_elements > 0, ops.batch * ops.n, 0.0)
    return corners(level.channel_s, more_is_faster=False) * channels * passes
