"""The steps of symmetric codes found at run time, for few rows by a table.

`quant.quantizer` works a step out in eight small kernels, each of which takes longer to start than to run.
There are only 31,744 steps, the positive float16 numbers: for few rows it is quicker to search for the first
whose highest code reaches a row's largest magnitude.
"""

from functools import cache

import torch
from torch import Tensor

from quant.quantizer import code_range, step_of_largest
from traces.formats import Format

FEW = 64
"""Up to so many rows searching is quicker than working out: 16 rows take a third of the time, 64 half. Within
a network, where no search resembles the one before, a hundred rows take as long either way."""

ULPS = 2
"""How many floats a step times the highest code, rounded, may lie off the largest magnitude of that step:
that product is rounded, and so is the quotient that is rounded up to the step."""


def steps_of_largest(largest: Tensor, number: Format) -> Tensor:
    """Return `step_of_largest` of any magnitudes, (...) float32, to the last bit."""
    if largest.numel() > FEW or not largest.is_cpu:
        return step_of_largest(largest, number)
    reach, steps = _table(number.bits)
    return steps.take(torch.searchsorted(reach, largest.contiguous()))


@cache
def _table(bits: int) -> tuple[Tensor, Tensor]:
    """Return the largest magnitude of each step, rising, and the steps; behind the last is that of NaN."""
    number = Format("int", bits)
    with torch.inference_mode(mode=False):
        steps = torch.arange(1, 0x7C01, dtype=torch.int16).view(torch.float16).float()
        beyond = torch.full_like(steps, torch.inf)
        reach = steps * code_range(number).high
        for _ in range(ULPS):
            reach = reach.nextafter(-beyond)
        for _ in range(2 * ULPS):
            above = reach.nextafter(beyond)
            reach = torch.where(step_of_largest(above, number) <= steps, above, reach)
        return reach, torch.cat([steps, steps.new_tensor([torch.nan])])
