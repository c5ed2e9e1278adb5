"""What must hold of a chip's numbers, whether from a file, `--set` or a sweep; of many chips at once."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from hwmodels.chip import Chip
from hwmodels.format_class import bits_of, expand_classes, is_class
from hwmodels.lanes import EXTENTS
from hwmodels.op_table import PRODUCTS, Bools, Floats
from hwmodels.quantity import nominal
from hwmodels.rate import Rate

POSITIVE = frozenset(
    {
        "bandwidth_bytes_per_s",
        "channel_s",
        "clock_hz",
        "codec",
        "float_results_bytes_per_s",
        "max_n",
        "partial_sums_per_cycle",
        "partial_write_factor",
        "per_cycle",
        "results_at_once",
        "rows_per_pass",
        "short_read_factor",
        "matvec_share",
        "size_bytes",
        "speed",
        "weights_per_cycle",
    }
)
"""Keys of numbers that must be above 0, with one number or one per format; no other may be below 0."""


SHARES = frozenset({"issue_share", "matvec_share"})
"""Keys of numbers that are shares of a whole."""


def sign_mistake(path: str, value: float) -> str:
    """Return what is wrong with the sign of the number at a key path, or with a share above 1, or nothing."""
    *_, above, key = ("", *path.split("."))
    if key in SHARES and value > 1:
        return f"{value:g} is more than the whole; write a share of 1 or less"
    if (above if is_class(key) else key) in POSITIVE:
        return "" if value > 0 else f"{value:g} is not positive; write more than 0"
    return "" if value >= 0 else f"{value:g} is negative; write 0 or more"


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """One rule, where it holds, and what is wrong with the first chip where it does not."""

    rule: str
    holds: Bools
    """(chips,), or (1,) where what varies does not matter."""
    mistake: str
    """Empty where the rule holds everywhere."""


Finding = tuple[Bools, Callable[[int], str]]
"""Where something holds, (chips,), and what to say of one of the chips where it does not."""


def chip_checks(chip: Chip, *, as_in_file: Chip | None = None) -> tuple[Check, ...]:
    """Return every rule on a chip, or on the many that a varied one stands for.

    `as_in_file` is the chip before numbers were chosen: what its file says an array does is not disputed.
    """
    return (
        _check("no memory is faster than a nearer one", _bandwidths(chip)),
        _check("buffers hold a block of every array", _blocks(chip)),
        _check("blocks are whole rows", _rows(chip)),
        _check("no array does more than its lanes", _arrays(chip, as_in_file)),
    )


def _check(rule: str, findings: Iterable[Finding]) -> Check:
    holds, mistake = np.ones(1, dtype=bool), ""
    for fine, say in findings:
        if not (mistake or fine.all()):
            mistake = say(int(np.argmin(fine)))
        holds = holds & fine
    return Check(rule, holds, mistake)


def _bandwidths(chip: Chip) -> Iterator[Finding]:
    """Yield whether each level is no faster than the nearer one, whose port its data crosses on the way."""
    limited = [
        (level.name, nominal(level.bandwidth_bytes_per_s)[:, 0])
        for level in chip.levels
        if level.bandwidth_bytes_per_s is not None
    ]
    for (near, near_speed), (far, far_speed) in pairwise(limited):
        yield far_speed <= near_speed, partial(_say_faster, near, near_speed, far, far_speed)


def _say_faster(near: str, near_speed: Floats, far: str, far_speed: Floats, idx: int) -> str:
    return (
        f"levels.{far}.bandwidth_bytes_per_s: {_at(far_speed, idx):g} is more than "
        f"{_at(near_speed, idx):g} of the nearer level {near}; list levels from the nearest to the farthest"
    )


def _blocks(chip: Chip) -> Iterator[Finding]:
    """Yield whether each staging level takes a block of each product's operands, two if half of it fills."""
    share = 2 if chip.tiling.double_buffered else 1
    for level in chip.levels:
        for rate in chip.rates if level.stages else ():
            if rate.bytes_per_mac is None and chip.unit(rate.unit).kind != "host":
                size_bytes, needed_bytes = nominal(level.size_bytes)[:, 0], share * _block_bytes(rate)
                say = partial(_say_small, level.name, size_bytes, rate.name, needed_bytes)
                yield needed_bytes <= size_bytes, say


def _block_bytes(rate: Rate) -> Floats:
    batch, m, k, n = rate.lanes.extents().T
    found: Floats = batch * k * (m * _width_bytes(rate.activation) + n * _width_bytes(rate.weight))
    return found


def _say_small(level: str, size_bytes: Floats, rate: str, needed_bytes: Floats, idx: int) -> str:
    return (
        f"levels.{level}.size_bytes: {_at(size_bytes, idx):g} B is less than the "
        f"{_at(needed_bytes, idx):g} B of one block of rates.{rate}; enlarge it or cut the rate's lanes"
    )


def _rows(chip: Chip) -> Iterator[Finding]:
    """Yield whether the positions of each block that has a shape are whole rows of it."""
    for rate in chip.rates:
        if rate.lanes.m_inner:
            m = rate.lanes.extents()[:, EXTENTS.index("m")]
            yield m % rate.lanes.m_inner == 0, partial(_say_rows, rate, m)


def _say_rows(rate: Rate, m: Floats, idx: int) -> str:
    return (
        f"rates.{rate.name}.lanes.m_inner: {_at(m, idx):g} positions are no whole number of rows of "
        f"{rate.lanes.m_inner}; choose a multiple for m"
    )


def _arrays(chip: Chip, as_in_file: Chip | None) -> Iterator[Finding]:
    """Yield whether each array does no more MACs per cycle than its lanes take at once.

    What the file of a real chip says of its arrays is not disputed. A rate without lanes says nothing of one.
    """
    if as_in_file is None and not chip.hypothetical:
        return
    for idx, rate in enumerate(chip.rates):
        if rate.lanes.size().max() > 1 and set(rate.ops) & set(PRODUCTS):
            per_cycle, most = nominal(rate.per_cycle)[:, 0], rate.lanes.most_at_once()
            if as_in_file is not None:
                said = as_in_file.rates[idx]
                most = np.maximum(most, said.per_cycle.value * (rate.lanes.size() / said.lanes.size()))
            yield per_cycle <= most, partial(_say_much, rate.name, per_cycle, most)


def _say_much(rate: str, per_cycle: Floats, most: Floats, idx: int) -> str:
    return (
        f"rates.{rate}.per_cycle: {_at(per_cycle, idx):g} is more than the {_at(most, idx):g} MACs that its "
        f"lanes do at once; choose more lanes, such as rates.{rate}.lanes.n, and per_cycle follows by itself"
    )


def _at(values: Floats, idx: int) -> float:
    """Return the number of one chip; there is one for all where it is not varied."""
    return float(values[min(idx, len(values) - 1)])


def _width_bytes(pattern: str) -> float:
    return bits_of(expand_classes(pattern)[-1]) / 8 if pattern else 1.0
