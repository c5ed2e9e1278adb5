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

    Products: `max(macs' / per_cycle, blocks * output) + blocks * (fill + slabs * slab) + start` with
    `blocks = ceil(batch/lb) ceil(m/lm) ceil(n/ln)`, `slabs = ceil(channels/lk)`, and macs' those of whole
    blocks over the window times the channels rounded up to lk; of `whole_window`, k rounded up and
    `slabs = ceil(k/lk)`; of `serial`, only the channels there are. Everything else:
    `steps * padding / per_cycle + fill + start`, the padding being whole blocks over the elements of m rows
    of n.
    """
    blocks = (
        np.ceil(ops.batch / rates.lanes_batch) * _blocks_of_m(ops, rates) * np.ceil(ops.n / rates.lanes_n)
    )
    slabs = np.ceil(np.where(rates.whole_window, ops.k, ops.in_channels) / rates.lanes_k)
    k = np.where(rates.whole_window, 1.0, ops.kernel) * slabs * rates.lanes_k
    lanes = rates.lanes_batch * rates.lanes_m * rates.lanes_n
    channels = (
        rates.lanes_batch
        * np.ceil(ops.batch / rates.lanes_batch)
        * (rates.lanes_n * np.ceil(ops.n / rates.lanes_n))
    )
    filled = np.where(rates.serial, ops.batch * ops.n / channels, 1.0)
    products = np.maximum(blocks * lanes * filled * k / rates.per_cycle, blocks * rates.output_cycles) + (
        blocks * (rates.fill_cycles + slabs * rates.slab_cycles)
    )
    padding = np.maximum(blocks * lanes / np.maximum(ops.batch * ops.m * ops.n, 1.0), 1.0)
    others = work(ops) * padding / rates.per_cycle + rates.fill_cycles
    return np.where(is_product(ops), products, others) + rates.start_cycles


def _blocks_of_m(ops: OpTable, rates: RowRates) -> Floats:
    """Return the blocks along m: (rows,); where they have a shape, along both of its axes."""
    inner = np.where(rates.lanes_m_inner > 0, rates.lanes_m_inner, rates.lanes_m)
    width = np.where(rates.lanes_m_inner > 0, ops.m_inner, ops.m)
    rows = ops.m / np.maximum(width, 1.0)
    blocks: Floats = np.ceil(width / inner) * np.ceil(rows / (rates.lanes_m / inner))
    return blocks
