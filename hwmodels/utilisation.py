"""Cycles from shape: every extent is rounded up to the unit's lanes, and every block of results fills a pipe.

So utilisation grows with layer width by itself: wide extents waste fewer lanes, long dot products hide the
fill.
"""

import numpy as np

from hwmodels.op_table import Bools, Floats, OpTable
from hwmodels.rates import PRODUCTS, RowRates


def is_product(ops: OpTable) -> Bools:
    """Return which rows are products or convolutions: (rows,)."""
    return np.isin(ops.op_class, PRODUCTS)


def work(ops: OpTable) -> Floats:
    """Return MACs of products and convolutions, elementary vector steps of everything else: (rows,).

    What only moves takes one step per element; a transform's MACs are steps of the vector unit.
    """
    steps = np.maximum(np.maximum(ops.element_steps, ops.elements), ops.macs)
    return np.where(is_product(ops), ops.macs, steps)


def compute_cycles(ops: OpTable, rates: RowRates) -> Floats:
    """Return the cycles each row keeps its unit busy: (3, chips, rows).

    Products: `blocks * (max(lanes * k' / per_cycle, output) + fill) + start` with
    `blocks = ceil(batch/lb) ceil(m/lm) ceil(n/ln)`, `lanes = lb lm ln`, and k' the window times the channels
    rounded up to lk. Everything else: `steps * padding / per_cycle + fill + start`, the padding being whole
    blocks over the elements of m rows of n.
    """
    blocks = (
        np.ceil(ops.batch / rates.lanes_batch)
        * np.ceil(ops.m / rates.lanes_m)
        * np.ceil(ops.n / rates.lanes_n)
    )
    k = ops.kernel * np.ceil(ops.in_channels / rates.lanes_k) * rates.lanes_k
    lanes = rates.lanes_batch * rates.lanes_m * rates.lanes_n
    products = blocks * (np.maximum(lanes * k / rates.per_cycle, rates.output_cycles) + rates.fill_cycles)
    padding = np.maximum(blocks * lanes / np.maximum(ops.batch * ops.m * ops.n, 1.0), 1.0)
    others = work(ops) * padding / rates.per_cycle + rates.fill_cycles
    return np.where(is_product(ops), products, others) + rates.start_cycles
