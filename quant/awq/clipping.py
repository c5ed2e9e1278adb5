"""AWQ's clip search: weight ranges narrower than the extremes where that lets the output err less."""

import torch
from torch import Tensor
from torch.nn import functional

from quant.quantizer import Scale, fake_quantize, find_scale, grouped, scale_of_range
from traces.formats import Format, Granularity


def clipped_scale(weight: Tensor, number: Format, *, moment: Tensor, steps: int, max_shrink: float) -> Scale:
    """Return the scale of a weight (out, in) whose groups err least in what they add to the output.

    Tries the extremes times 1 - i / steps for i below max_shrink * steps. The error of a group is
    d^T M d, with d what rounding changes in it and M its part of `moment: (in, in)`, the sum of x x^T over
    tokens x: exactly the squared error of the group's share of the output, summed over all tokens. (The
    reference code gets it from 512 sampled tokens at a time; nothing here grows with their number.)

    Raises:
        EdgeAsrError: if a weight is not finite or too large.
    """
    find_scale(weight, number)  # refuses what has no scale
    groups, moments = grouped(weight, number), _of_groups(moment.float(), number)
    low, high = groups.amin(-1).clamp(max=0.0), groups.amax(-1).clamp(min=0.0)
    best_share = torch.ones_like(low)
    least = torch.full_like(low, torch.inf)
    for step in range(int(max_shrink * steps)):
        share = 1.0 - step / steps
        error = _errors(weight, scale_of_range(low * share, high * share, number), number, moments)
        better = error < least
        least = torch.where(better, error, least)
        best_share = torch.where(better, torch.full_like(best_share, share), best_share)
    return scale_of_range(low * best_share, high * best_share, number)


def _errors(weight: Tensor, scale: Scale, number: Format, moments: Tensor) -> Tensor:
    """Return the squared output error of each group: (rows, groups), as scales are shaped."""
    changed = fake_quantize(weight, scale, number) - weight
    n_groups, size, _ = moments.shape
    changed = functional.pad(changed, (0, n_groups * size - changed.shape[1]))
    parts = changed.reshape(-1, n_groups, size).transpose(0, 1)  # (groups, out, size)
    errors = (torch.bmm(parts, moments) * parts).sum(-1).T
    return errors.sum().reshape(1, 1) if number.granularity is Granularity.TENSOR else errors


def _of_groups(moment: Tensor, number: Format) -> Tensor:
    """Return the blocks (groups, size, size) on the diagonal; a short last group is padded with zeros."""
    size = number.group_size or len(moment)
    missing = -len(moment) % size
    padded = functional.pad(moment, (0, missing, 0, missing))
    n_groups = len(padded) // size
    blocks = padded.reshape(n_groups, size, n_groups, size).diagonal(dim1=0, dim2=2)
    return blocks.permute(2, 0, 1).contiguous()
