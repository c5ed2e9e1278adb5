"""What a network's weights occupy on a chip: stored wider, or in the chip's code, where it has them so."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hwmodels.chip import Chip
from hwmodels.op_table import Floats, Ints, OpTable
from hwmodels.rate import Remedy
from hwmodels.row_rates import row_rates
from hwmodels.unpack import stored_weight_bytes
from simulator.bind import Bound
from simulator.op_columns import WEIGHTED
from traces.graph import Role
from traces.workload import Phase


@dataclass(frozen=True, slots=True)
class StoredWeights:
    """The products that use a network's weights: (uses,) rows of `ops`, one weight's after the other's.

    Weights that the same rows use, such as those of a stack's layers, stand here once.
    """

    ops: OpTable
    first: Ints
    """Index of each weight's first use: (weights,)."""
    times: Floats
    """How many weights of the network each stands for: (weights,)."""

    @staticmethod
    def of(phases: Sequence[Bound], joined: OpTable) -> "StoredWeights":
        """Return the weights of a network from its phases; `joined` has the rows of all, in their order."""
        rows_of: dict[str, set[int]] = {}
        start = 0
        for bound in phases:
            for name, row in _uses(bound):
                rows_of.setdefault(name, set()).add(start + row)
            start += bound.ops.n_rows
        alike = Counter(tuple(sorted(rows)) for rows in rows_of.values())
        lengths = np.array([0, *(len(rows) for rows in alike)], dtype=np.int64)
        return StoredWeights(
            ops=joined.take(np.array([row for rows in alike for row in rows], dtype=np.int64)),
            first=np.cumsum(lengths)[:-1],
            times=np.array(list(alike.values()), dtype=np.float64),
        )

    @staticmethod
    def joined(networks: Sequence["StoredWeights"]) -> "StoredWeights":
        """Return the weights of several networks with the same formats, one network's after the other's."""
        starts = np.cumsum([0, *(each.ops.n_rows for each in networks[:-1])])
        return StoredWeights(
            ops=OpTable.joined([each.ops for each in networks]),
            first=np.concatenate([each.first + start for each, start in zip(networks, starts, strict=True)]),
            times=np.concatenate([each.times for each in networks]),
        )

    def beyond_packed_bytes(self, chip: Chip) -> Floats:
        """Return the bytes all weights take on these chips beyond packed, negative where coded: (chips, 1).

        Raises:
            EdgeAsrError: from `each_beyond_packed_bytes`.
        """
        total: Floats = self.each_beyond_packed_bytes(chip).sum(axis=1, keepdims=True)
        return total

    def each_beyond_packed_bytes(self, chip: Chip) -> Floats:
        """Return the bytes weights take beyond packed, all that are alike together: (chips, weights).

        A weight that several ops use is stored once, as the one that needs it widest has it. Look-ups take it
        as it is.

        Raises:
            EdgeAsrError: if the chip has neither a rate nor a fallback for a product.
        """
        as_packed = not chip.codec and all(each.remedy is not Remedy.EXPAND for each in chip.fallbacks)
        if as_packed or not len(self.times):
            return np.zeros((1, len(self.times)))
        beyond = stored_weight_bytes(self.ops, row_rates(self.ops, chip)) - self.ops.weight_bytes
        widest: Floats = np.maximum.reduceat(beyond, self.first, axis=1)
        return widest * self.times


def _uses(bound: Bound) -> list[tuple[str, int]]:
    """Return the name of each stored weight that a product of a phase uses, and the product's row."""
    graph = bound.graph
    if graph.phase == Phase.FRONTEND:  # its tables are computed, and in no checkpoint
        return []
    tensors = graph.tensor_table()
    return [
        (operand.tensor, int(bound.row_of[idx, 0]))
        for idx, op in enumerate(graph.ops)
        if op.kind in WEIGHTED
        for operand in op.reads
        if tensors[operand.tensor].role in (Role.WEIGHT, Role.CONSTANT)
    ]
