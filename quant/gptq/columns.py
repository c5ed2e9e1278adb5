"""A weight rounded column by column, each column's error made up for by those behind it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from quant.gptq.factor import Factor
from quant.quantizer import RangeSearch, Scale, code_dtype, find_scale, nearest_codes, numbers_of
from traces.formats import Format, Granularity

PANEL = 8
"""Columns that take up each other's errors one by one; those behind them in the block wait for a product. So
few rows of weights stay in the nearest cache, and below torch's threshold for sharing a sum among threads."""


@dataclass(frozen=True, slots=True)
class Rounding:
    """How columns are rounded: how many before the rest is touched, when groups get their ranges, and how.

    With `static_groups` the ranges of groups are those of the weight as given; without, a group's range is
    that of its columns when the first of them is reached. `search` is None for the extremes.
    """

    block: int
    static_groups: bool
    search: RangeSearch | None


@dataclass(frozen=True, slots=True, eq=False)
class Rounded:
    """Codes of the integer columns in their natural order, and what became of the others.

    codes: (out, in - n_float); scale: as of a weight of that shape, see `quant.quantizer`;
    rest: (out, n_float) float32, the float columns in their natural order with all errors taken up.
    """

    codes: Tensor
    scale: Scale
    rest: Tensor


def round_columns(weight: Tensor, number: Format, *, factor: Factor, how: Rounding) -> Rounded:
    """Return a weight (out, in) on the grid of a format, with little error on the factor's inputs.

    Column q in the factor's order becomes its nearest code, and those behind it move by
    -(w_q - code_q) / U_qq * U_q: the optimal update of OBQ (arXiv 2208.11580, equation 3) read off the
    factor (arXiv 2210.17323, section 3). Columns of one panel move at once, those behind it in its
    block by one matrix product per panel, and those behind the block by one per block.

    Groups are consecutive columns, as they are stored. In another order than the natural one no group is
    whole when its first column is reached, so groups are static then.
    """
    n_kept = weight.shape[1] - factor.n_float
    kept = factor.order[:n_kept].sort().values
    natural = torch.searchsorted(kept, factor.order[:n_kept].contiguous())
    grid = _Grid(find_scale(weight[:, kept], number, search=how.search), number, how.search)
    in_order = bool((natural.diff() > 0).all())
    group = number.group_size if in_order and not how.static_groups else 0
    # Transposed, so that a column is contiguous.
    columns = weight.float()[:, factor.order].T.contiguous()
    codes = torch.empty((n_kept, len(weight)), device=weight.device)
    places = natural.tolist()
    for part in _blocks(n_kept, how.block, group):
        inside, upper = columns[part], factor.upper[part, part]
        diagonal, errors = upper.diagonal().tolist(), torch.empty_like(inside)
        for panel in _blocks(len(inside), PANEL, group):
            for i in range(panel.start, panel.stop):
                place = places[part.start + i]
                if group and place % group == 0:
                    grid.find_again_(place // group, columns[place : min(place + group, n_kept)].T)
                step, zero = grid.of_column(place)
                codes[place] = nearest_codes(inside[i], step, zero, number)
                errors[i] = (inside[i] - numbers_of(codes[place], step, zero)) / diagonal[i]
                behind = slice(i + 1, panel.stop)
                inside[behind].addr_(upper[i, behind], errors[i], alpha=-1.0)
            inside[panel.stop :].addmm_(upper[panel, panel.stop :].T, errors[panel], alpha=-1.0)
        columns[part.stop :].addmm_(factor.upper[part, part.stop :].T, errors, alpha=-1.0)
    return Rounded(codes.T.contiguous().to(code_dtype(number)), grid.scale, columns[n_kept:].T.contiguous())


class _Grid:
    """The scales of a weight with their steps and zero points at hand as float32, one row per group."""

    def __init__(self, scale: Scale, number: Format, search: RangeSearch | None) -> None:
        self.scale = scale
        self._per_row = replace(number, granularity=Granularity.CHANNEL, group_size=0)
        self._group_size = number.group_size
        self._search = search
        self._steps = scale.scale.float().T.contiguous()
        self._zeros = None if scale.zero is None else scale.zero.float().T.contiguous()

    def of_column(self, place: int) -> tuple[Tensor, Tensor | None]:
        """Return step and zero point (rows,) of a column."""
        group = place // self._group_size if self._group_size else 0
        return self._steps[group], None if self._zeros is None else self._zeros[group]

    def find_again_(self, group: int, columns: Tensor) -> None:
        """Give a group the range of what its columns (out, group_size) are now."""
        found = find_scale(columns, self._per_row, search=self._search)
        self.scale.scale[:, group] = found.scale[:, 0]
        self._steps[group] = found.scale[:, 0].float()
        if self.scale.zero is not None and found.zero is not None and self._zeros is not None:
            self.scale.zero[:, group] = found.zero[:, 0]
            self._zeros[group] = found.zero[:, 0].float()


def _blocks(n_columns: int, block: int, group: int) -> Iterator[slice]:
    """Yield the columns that are rounded before the rest moves; a group never starts behind stale columns.

    A group of at most `block` columns lies in one block; a larger one starts with a block. Panels of a block
    are cut alike.
    """
    span = max(block // group, 1) * group if group else block
    for start in range(0, n_columns, span):
        stop = min(start + span, n_columns)
        for first in range(start, stop, block):
            yield slice(first, min(first + block, stop))
