"""Learnable weight clipping (OmniQuant, arXiv 2308.13137, eq. 2): the share of its range a group keeps."""

import torch
from torch import Tensor

from quant.quantizer import Scale, grouped, scale_of_range, to_codes
from quant.straight_through import clip_through
from quant.weights import QuantizedWeight
from traces.formats import Format

FIRST_LOGIT = 4.0
"""What the logits of both shares start at (section 4.1): 0.982 of the extremes."""

SMALLEST_SHARE = 0.01
"""A range found earlier is taken to be at least this share, so that its logit is finite."""


class LearnableRange:
    """The range of a weight's groups as shares sigmoid(logit) of its smallest and its largest value.

    `low_logits` and `high_logits` are (rows, groups). They start at 4, or where `found`, the scale that an
    earlier step chose, has narrowed the range more than that. The weight itself may be learned as well: it is
    given anew each time. If the range is not learned, it stays as found.
    """

    def __init__(self, weight: Tensor, number: Format, found: Scale, *, is_learned: bool) -> None:
        self.number, self.is_learned = number, is_learned
        whole = scale_of_range(*_extremes(weight, number), number)
        largest = float(torch.tensor(FIRST_LOGIT).sigmoid()) if is_learned else 1.0
        share = (found.scale.float() / whole.scale.float()).clamp(SMALLEST_SHARE, largest)
        self.low_logits, self.high_logits = share.logit(), share.logit()

    def learned(self) -> list[Tensor]:
        """Return the logits as leaves that take gradients, if the range is learned."""
        logits = [self.low_logits, self.high_logits] if self.is_learned else []
        return [each.requires_grad_() for each in logits]

    def weight(self, weight: Tensor) -> Tensor:
        """Return a weight (out, in) rounded to its range, with gradients for logits and weight."""
        return clip_through(weight, *self._ends(weight), self.number)

    def rounded(self, weight: Tensor) -> QuantizedWeight:
        """Return the weight as stored: the numbers of `weight` exactly."""
        low, high = self._ends(weight.detach())
        scale = scale_of_range(low.detach(), high.detach(), self.number)
        return QuantizedWeight(to_codes(weight, scale, self.number), scale, self.number)

    def _ends(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        low, high = _extremes(weight, self.number)
        return low * self.low_logits.sigmoid(), high * self.high_logits.sigmoid()


def _extremes(weight: Tensor, number: Format) -> tuple[Tensor, Tensor]:
    """Return the smallest and the largest value of each group and of zero, (rows, groups) both."""
    groups = grouped(weight, number)
    return groups.amin(-1).clamp(max=0.0), groups.amax(-1).clamp(min=0.0)
