"""What other tools estimate: three small tables of facts, written by benchmarks/distil_estimates.py."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class EstimatedOp:
    """One op of a network as Arm's compiler Vela estimates it, in cycles of the NPU's clock.

    `network` is one of the catalogue, or `products`, whose ops are named by their extents. `npu_cycles` leave
    the memories out; `total_cycles` are those of the slowest of NPU and memories; None where not known.
    `weights` is what values the weights take: int8, int4, ternary, or empty for a product of two activations.
    """

    chip: str
    network: str
    op: str
    weights: str
    npu_cycles: float
    total_cycles: float | None
    source: str


@dataclass(frozen=True, slots=True)
class EstimatedNetwork:
    """A whole network as Vela estimates it; `coded_bytes_per_weight` is what its weight coder reached."""

    chip: str
    network: str
    coded_bytes_per_weight: float
    npu_cycles: float
    total_cycles: float
    source: str


@dataclass(frozen=True, slots=True)
class EstimatedProduct:
    """One matrix product as ZigZag's best mapping does it; `seconds` is how long its search took."""

    accelerator: str
    m: int
    k: int
    n: int
    weight_bits: int
    cycles: float
    seconds: float


def estimated_ops() -> tuple[EstimatedOp, ...]:
    """Return Vela's estimates op by op."""
    return tuple(
        EstimatedOp(
            row["chip"], row["network"], row["op"], row["weights"], float(row["npu_cycles"]),
            float(row["total_cycles"]) if row["total_cycles"] else None, row["source"],
        )
        for row in _rows("vela_ops.csv")
    )  # fmt: skip


def estimated_networks() -> tuple[EstimatedNetwork, ...]:
    """Return Vela's estimates of whole networks."""
    return tuple(
        EstimatedNetwork(
            row["chip"], row["network"], float(row["coded_bytes_per_weight"]), float(row["npu_cycles"]),
            float(row["total_cycles"]), row["source"],
        )
        for row in _rows("vela_networks.csv")
    )  # fmt: skip


def estimated_products() -> tuple[EstimatedProduct, ...]:
    """Return ZigZag's estimates of matrix products."""
    return tuple(
        EstimatedProduct(
            row["accelerator"], int(row["m"]), int(row["k"]), int(row["n"]), int(row["weight_bits"]),
            float(row["cycles"]), float(row["seconds"]),
        )
        for row in _rows("zigzag.csv")
    )  # fmt: skip


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (FOLDER / name).open(newline="", encoding="utf-8") as stream:
        yield from csv.DictReader(stream)
