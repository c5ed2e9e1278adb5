"""Scales of output channels: small records, fetched in order, that a memory's latency limits."""

import numpy as np

from hwmodels.chip import Level
from hwmodels.op_table import Floats, OpClass, OpTable
from hwmodels.quantity import corners
from hwmodels.row_rates import RowRates
from hwmodels.utilisation import blocks_of_m

CHANNELS = 64.0
"""Most channels of one block of results where positions compete for it. Chosen to pass over the weights as
often as Vela 5.2.0 does for the Ethos-U85: within 11 % for 7 of 11 convolutions. Over wide ones it passes
more often (10 times for 196 positions by 512 channels, 38 for 1500 by 384) than the 2 and 12 found here."""


def scales_s(ops: OpTable, level: Level, rates: RowRates) -> Floats:
    """Return the least seconds that the scales of weights stored in a level take: (3, chips, rows).

    Every pass over the weights fetches each channel's scale anew: one for each block of `results_at_once`
    results, `CHANNELS` wide at most, that an op's positions fill.
    """
    if level.channel_s is None:
        return np.zeros((3, 1, ops.n_rows))
    positions = blocks_of_m(ops, rates) * rates.lanes.m
    blocks = positions * np.minimum(ops.n, CHANNELS) / np.maximum(rates.results_at_once, 1.0)
    passes = np.where(ops.op_class == OpClass.DENSE, np.ceil(blocks), 1.0)
    channels = np.where(ops.weight_elements > 0, ops.batch * ops.n, 0.0)
    return corners(level.channel_s, more_is_faster=False) * channels * passes
