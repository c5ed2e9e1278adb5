"""A chip with round numbers, so that costs can be worked out by hand."""

from dataclasses import replace

from hwmodels.chip import (
    Chip,
    Energy,
    Holding,
    Level,
    Order,
    Overheads,
    Overlap,
    Tiling,
    Unit,
    Unpacking,
)
from hwmodels.lanes import Lanes
from hwmodels.op_table import PRODUCTS, OpClass
from hwmodels.quantity import FormatQuantity, Quantity
from hwmodels.rate import Fallback, Rate, Remedy

ALL: tuple[Holding, ...] = ("weights", "activations", "caches")
VECTOR = tuple(op for op in OpClass if op not in PRODUCTS)


def number(value: float) -> Quantity:
    return Quantity.exact(value, "derived", "chosen by a test")


def spread(value: float) -> Quantity:
    return Quantity(value, "assumed", "chosen by a test", value / 2, value * 2)


ROUND = Chip(
    name="round",
    title="Round numbers",
    family="npu",
    software="none",
    description="1 GHz, 64 MAC/cycle, 1 KiB of buffer, 8 KiB of SRAM at 8 GB/s, DRAM at 1 GB/s.",
    hypothetical=True,
    units=(
        Unit("array", "matrix", number(1e9)),
        Unit("vector", "vector", number(1e9)),
        Unit("host", "host", number(1e9)),
    ),
    levels=(
        Level("buffer", number(1024), None, number(0), number(1e-12), (), True, None),
        Level("sram", number(8192), number(8e9), number(0), number(2e-12), ALL, False, None),
        Level("dram", number(1e9), number(1e9), number(1e-7), number(1e-10), ALL, False, None),
    ),
    rates=(
        Rate("dense", "array", (OpClass.DENSE, OpClass.MATVEC), "int8", "int8", number(64), number(2), None,
             None, Lanes(m=4, k=4, n=4), None),
        Rate("attend", "vector", (OpClass.ACTIVATION_PRODUCT,), "", "int8", number(1), number(0), None, None,
             Lanes(), number(3)),
        Rate("depthwise", "array", (OpClass.DEPTHWISE,), "int8", "int8", number(8), number(0), None, None,
             Lanes(batch=8), None),
        Rate("vector", "vector", VECTOR, "", "int8", number(4), number(10), None, None, Lanes(), None),
        Rate("host", "host", PRODUCTS, "", "", number(1), number(0), None, None, Lanes(), None),
        Rate("host-vector", "host", VECTOR, "", "", number(1), number(0), None, None, Lanes(), None),
    ),
    fallbacks=(
        Fallback((), ("int4",), (), grouped=None, remedy=Remedy.UNPACK, weight="int8", activation="",
                 reason="four bits are unpacked"),
        Fallback((), (), ("float16",), grouped=None, remedy=Remedy.HOST, weight="", activation="",
                 reason="floats run on the host"),
    ),
    unpacking=Unpacking("vector", (FormatQuantity("int4", number(2)),), number(5)),
    codec=(),
    tiling=Tiling(
        double_buffered=True, orders=tuple(Order), max_n=None,
        prefetches=True, cascades=False, fuses_sums=True,
    ),
    overheads=Overheads(number(1e-6), number(5e-6), number(3e-6), None),
    energy=Energy(number(0.01), number(0.1), (FormatQuantity("int8", number(1e-12)),), number(2e-12)),
    overlap=Overlap.FULL,
)  # fmt: skip
"""No number has a range."""


def with_ranges(chip: Chip) -> Chip:
    """Return the chip with a factor of two either way on every number but sizes."""
    for path, quantity in chip.quantities():
        if not path.endswith("size_bytes"):
            chip = chip.with_quantity(path, spread(quantity.value))
    return chip


def with_overlap(chip: Chip, overlap: Overlap) -> Chip:
    return replace(chip, overlap=overlap)
