"""Predicted latency of matrix products beside ZigZag's best mapping on the same arrays and memories.

Each product is a layer of its own that starts and ends in DRAM, as ZigZag has it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from hwmodels.chip import Chip
from hwmodels.chip_file import load_chip
from hwmodels.model import cost
from hwmodels.op_table import OpTable
from simulator.agreement.estimates import FOLDER, EstimatedProduct, estimated_products
from simulator.agreement.product import product_graph
from simulator.bind import Network, bind
from simulator.place import place
from traces.formats import INT8_CHANNEL, INT8_TENSOR, Format

CYCLE_S = 1e-9
"""The accelerators' clock makes a cycle a nanosecond."""
WEIGHTS = {8: INT8_CHANNEL, 4: Format.parse("int4_channel")}
_FORMATS = tuple(sorted((*WEIGHTS.values(), INT8_TENSOR), key=lambda fmt: fmt.name))
_ANY_NETWORK = Network(weight_bytes=0.0, cache_bytes=0.0)


@dataclass(frozen=True, slots=True)
class ProductAgreement:
    """One product, m x k times k x n, on one accelerator; `seconds` is how long ZigZag's search took."""

    accelerator: str
    m: int
    k: int
    n: int
    weight_bits: int
    zigzag_cycles: float
    predicted_cycles: float
    seconds: float


def product_agreement() -> tuple[ProductAgreement, ...]:
    """Return every product that ZigZag mapped, beside what the model says."""
    found: list[ProductAgreement] = []
    for name, group in groupby(estimated_products(), key=lambda row: row.accelerator):
        mine, chip = list(group), accelerator(name)
        table = products_table(mine)
        cycles = cost(table, place(table, chip), chip).latency_s.nominal / CYCLE_S
        found += [
            ProductAgreement(
                name, row.m, row.k, row.n, row.weight_bits, row.cycles, float(cycles[idx]), row.seconds
            )
            for idx, row in enumerate(mine)
        ]
    return tuple(found)


@cache
def accelerator(name: str) -> Chip:
    """Return ZigZag's array and memories as a chip."""
    return load_chip(FOLDER / "accelerators" / f"{name}.yaml")


def products_table(rows: Sequence[EstimatedProduct]) -> OpTable:
    """Return the products as one table, a row each in their order."""
    return OpTable.joined(
        [
            bind(
                product_graph(row.m, row.k, row.n, weight=WEIGHTS[row.weight_bits]),
                {},
                phase_idx=0,
                network=_ANY_NETWORK,
                formats=_FORMATS,
            ).ops
            for row in rows
        ]
    )
