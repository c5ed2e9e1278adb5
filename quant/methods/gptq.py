"""GPTQ: rounding column by column, each error made up for by the columns behind (arXiv 2210.17323)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from traces.errors import EdgeAsrError

if TYPE_CHECKING:
    from quant.methods.problem import Problem
    from quant.weights import QuantizedWeight

N_COMPARED = 4
"""Samples on which the float network runs too, to tell the error: GPTQ itself never looks at it, and on all
samples it would take a third of the time."""


@dataclass(frozen=True, slots=True)
class GptqConfig:
    """How columns are ordered, blocked and damped.

    `damping` (1 % of the mean diagonal) and `block` (128 columns) are the paper's (section 3.3); `act_order`
    and `true_sequential` are options of its code (github.com/IST-DASLab/gptq) that LLMC turns on and
    `static_groups` one it leaves off. Groups are stored as consecutive columns, so with `act_order` they are
    static in any case. `range` is found as by rtn: from the extremes, or by search.
    """

    damping: float = 0.01
    block: int = 128
    act_order: bool = True
    static_groups: bool = False
    true_sequential: bool = True
    range: Literal["minmax", "mse"] = "minmax"

    def __post_init__(self) -> None:
        if not 0.0 <= self.damping < 10.0:
            raise EdgeAsrError(
                f"gptq: damping is {self.damping}; write a share of the mean diagonal, as 0.01"
            )
        if self.block < 1:
            raise EdgeAsrError(f"gptq: block is {self.block}; write 1 or more columns")


def gptq(problem: "Problem", config: GptqConfig) -> "Mapping[str, QuantizedWeight]":
    """Return every planned weight, rounded on the inputs its layer sees in the quantized network.

    Convolutions are rounded as the products they unfold into; lookups and a head of its own, to nearest.
    """
    from functools import partial

    from quant.blocks.walk import walk
    from quant.gptq.block import round_block
    from quant.gptq.front_end import round_outside

    outside = round_outside(problem, config)
    return walk(problem, partial(round_block, config=config), outside=outside, n_compared=N_COMPARED)
