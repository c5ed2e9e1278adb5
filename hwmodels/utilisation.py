"""Cycles from shape: every extent is rounded up to the unit's lanes, and every block of results fills a pipe.

So utilisation grows with layer width by itself: wide extents waste fewer lanes, long dot products hide the
fill.
"""

from dataclasses import replace

import numpy as np

from hwmodels.op_table import PRODUCTS, Bools, Floats, OpClass, OpTable
from hwmodels.row_rates import RowRates


def is_product(ops: OpTable) -> Bools:
    """Return which rows are products or convolutions: (rows,)."""
    return ops.among(PRODUCTS)


def work(ops: OpTable) -> Floats:
    """Return MACs of products and convolutions, elementary vector steps of everything else: (rows,).

    What only moves takes one step per element; a transform's MACs are steps of the vector unit.
    """
    steps = np.maximum(np.maximum(ops.element_steps, ops.elements), ops.macs)
    return np.where(is_product(ops), ops.macs, steps)


def compute_cycles(ops: OpTable, rates: RowRates) -> Floats:
    """Return the cycles each row keeps its unit busy: (3, chips, rows).

    `max(working, output) + waiting + filling + start` with `blocks = ceil(batch/lb) ceil(m/lm) ceil(n/ln)`
    and `output` that of whole blocks. Products: `working` is the MACs of whole blocks over k' at `per_cycle`,
    or what the decoder takes for the weights where that is longer; of `serial`, only the channels there are.
    k' is the window's walk (`_walked`) and `slabs = ceil(channels/lk)`; of `whole_window`, k rounded up and
    `slabs = ceil(k/lk)`; `filling` is `blocks * (fill + slabs * slab)`, `fill` with what a block of several
    groups loses. Everything else: `working` is `steps * padding / per_cycle`, the padding being whole blocks
    over the elements of m rows of n, and `filling` is `fill`.
    """
    fill = rates.fill_cycles + np.where(_in_groups(ops), rates.group_cycles, 0.0)
    ops = _side_by_side(ops, rates)
    blocks = np.ceil(ops.batch / rates.lanes.batch) * blocks_of_m(ops, rates) * np.ceil(ops.n / rates.lanes.n)
    slabs = np.ceil(np.where(rates.whole_window, ops.k, ops.in_channels) / rates.lanes.k)
    k = np.where(rates.whole_window, slabs * rates.lanes.k, _walked(ops, rates))
    lanes = rates.lanes.batch * rates.lanes.m * rates.lanes.n
    channels = _rounded(ops.batch, rates.lanes.batch) * _rounded(ops.n, rates.lanes.n)
    filled = np.where(rates.serial, ops.batch * ops.n / channels, 1.0)
    multiplying = np.maximum(
        blocks * lanes * filled * k / rates.per_cycle, channels * k / rates.decoded_per_cycle
    )
    padding = np.maximum(blocks * lanes / np.maximum(ops.batch * ops.m * ops.n, 1.0), 1.0)
    product = is_product(ops)
    working = np.where(product, multiplying, work(ops) * padding / rates.per_cycle)
    output = blocks * rates.output_cycles
    filling = np.where(product, blocks * (fill + slabs * rates.slab_cycles), fill)
    waiting = _waiting(ops, rates, working=working, output=output)
    return np.maximum(working, output) + waiting + filling + rates.start_cycles


def _in_groups(ops: OpTable) -> Bools:
    """Return which rows are convolutions of several groups with several channels each: (rows,)."""
    grouped: Bools = ops.convolution & (ops.op_class == OpClass.DENSE) & (ops.batch > 1)
    return grouped


def _side_by_side(ops: OpTable, rates: RowRates) -> OpTable:
    """Return the ops with narrow groups of dense convolutions set side by side where lanes pack them.

    As many groups as fit the lanes of n become one with block-diagonal weights: wider, as deep as all of
    their channels, and nothing else changes.
    """
    if not rates.packs_groups.any():
        return ops
    fitting = np.floor(rates.lanes.n / np.maximum(ops.n, 1.0))
    packed = rates.packs_groups & _in_groups(ops)
    together = np.where(packed, np.maximum(np.minimum(fitting, ops.batch), 1.0), 1.0)
    return replace(
        ops,
        batch=np.ceil(ops.batch / together),
        n=ops.n * together,
        k=ops.k * together,
        in_channels=ops.in_channels * together,
    )


def blocks_of_m(ops: OpTable, rates: RowRates) -> Floats:
    """Return the blocks along m: (rows,); where they have a shape, along both of its axes."""
    inner = np.where(rates.lanes.m_inner > 0, rates.lanes.m_inner, rates.lanes.m)
    width = np.where(rates.lanes.m_inner > 0, ops.m_inner, ops.m)
    rows = ops.m / np.maximum(width, 1.0)
    inner = np.where((rows == 1) & (rates.lanes.flat), rates.lanes.m, inner)
    blocks: Floats = np.ceil(width / inner) * np.ceil(rows / (rates.lanes.m / inner))
    return blocks


def _rounded(extent: Floats, lanes: Floats) -> Floats:
    return np.ceil(extent / lanes) * lanes


def _walked(ops: OpTable, rates: RowRates) -> Floats:
    """Return the length of each dot product with the zeros that fill it up: (rows,).

    A window is walked channels first, `lanes.deep` at a time for each of its elements, or `lanes.window`
    elements at a time with channels rounded to `lanes.k`: whichever is shorter.
    """
    deep = np.maximum(rates.lanes.deep, rates.lanes.k)
    channels_first = ops.kernel * _rounded(ops.in_channels, deep)
    window_first = _rounded(ops.kernel, rates.lanes.window) * _rounded(ops.in_channels, rates.lanes.k)
    shorter: Floats = np.minimum(channels_first, window_first)
    return shorter


def _waiting(ops: OpTable, rates: RowRates, *, working: Floats, output: Floats) -> Floats:
    """Return the cycles that nothing hides of the first or last block of `results_at_once`: (3, chips, rows).

    One stage idles while the other has its first or last block: for as long as the shorter takes for a block,
    and no less than `issue_share` of both.
    """
    share = np.minimum(rates.results_at_once / np.maximum(ops.batch * ops.m * ops.n, 1.0), 1.0)
    block: Floats = np.maximum(np.minimum(working, output), rates.issue_share * (working + output))
    return block * share
