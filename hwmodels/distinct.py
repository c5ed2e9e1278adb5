"""Telling rows of numbers apart by a hash of their bits: rows that agree are worked out once."""

import numpy as np

from hwmodels.op_table import Floats, Ints

MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio, made odd: multiplicative hashing (Knuth, TAOCP volume 3, section 6.4)."""


def distinct_rows(columns: Floats) -> tuple[Ints, Ints]:
    """Return the first index of each distinct row of `columns` (columns, rows), and each row's place there.

    Rows are told apart by a 64-bit polynomial hash of their bits: a million rows collide with a chance of
    3e-8.
    """
    key = np.zeros(columns.shape[1], dtype=np.uint64)
    for column in columns:
        bits = np.ascontiguousarray(column + 0.0).view(np.uint64)  # + 0.0 makes -0.0 and 0.0 one value
        key = (key ^ (bits ^ (bits >> np.uint64(29)))) * MULTIPLIER
        key ^= key >> np.uint64(32)
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return first[order].astype(np.int64), rank[inverse].astype(np.int64)
