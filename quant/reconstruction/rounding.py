"""Progressive adaptive rounding (TesseraQ, arXiv 2410.19103): which of two codes a weight takes is learned.

Scale and zero point are fixed, so a weight lies between two neighbouring codes. How far up it goes, in 0...1,
is a sigmoid of its rounding variable, stretched to -0.1...1.1 and cut (AdaRound, arXiv 2004.10568). Stage by
stage the most decided variables are made final, and the rest go on learning to make up for that. Next to
them a factor on each scale is learned, 2 * sigmoid(v), which starts at 1.

Learning starts where the weights lie, or, if an earlier step has not just taken the nearest codes (GPTQ's
errors make up for each other), halfway from there to its codes: the output changes by half of its error.
"""

import torch
from torch import Tensor

from quant.quantizer import Scale, code_dtype, code_range, grouped, to_codes, ungrouped
from quant.weights import QuantizedWeight
from traces.errors import EdgeAsrError

STRETCH = (-0.1, 1.1)
"""What the sigmoid is stretched to, so that 0 and 1 are reached at finite variables (AdaRound, eq. 23)."""


class SoftRounding:
    """The weight of one layer while its rounding is learned.

    `variables` are the rounding variables that are not final yet, flat; `scale_variables: (rows, groups)`.
    What is final takes neither gradient nor optimizer state.
    """

    def __init__(self, weight: Tensor, start: QuantizedWeight) -> None:
        number, scale = start.number, start.scale
        codes = code_range(number)
        self.scale, self.number, self.shape = scale, number, weight.shape
        groups = grouped(weight.float(), number)
        step = scale.scale.float().unsqueeze(-1)
        zero = torch.zeros_like(step) if scale.zero is None else scale.zero.float().unsqueeze(-1)
        position = (groups / step + zero).clamp(codes.low, codes.high)
        if not torch.equal(start.codes, to_codes(weight, scale, number)):
            position = (position + grouped(start.codes.float(), number)) / 2.0
        # A weight beyond the range lies at its end: between the last two codes, all the way up or down.
        lower = position.floor().clamp(max=codes.high - 1.0)
        self._lower = ungrouped(lower, weight.shape).flatten()
        self._floor = ungrouped((lower - zero) * step, weight.shape).flatten()
        self._step = ungrouped(step.expand_as(groups), weight.shape).flatten()
        share = ungrouped(position - lower, weight.shape).flatten()
        self._soft = torch.arange(share.numel(), device=share.device)
        self._final = torch.zeros_like(share)
        self.variables = _inverse(share)
        self.scale_variables = torch.zeros_like(scale.scale, dtype=torch.float32)

    def harden_(self, soft_share: float) -> None:
        """Make the most decided variables final, so that only this share of all weights stays soft."""
        n_soft = min(int(soft_share * self._final.numel()), self.variables.numel())
        up = _share_up(self.variables)
        decided = (up - 0.5).abs().argsort(stable=True)
        final, soft = decided[n_soft:], decided[:n_soft].sort().values
        self._final[self._soft[final]] = (up[final] > 0.5).float()
        self._soft = self._soft[soft]
        self.variables = self.variables.detach()[soft].clone()

    def learned(self) -> tuple[Tensor, Tensor]:
        """Return rounding and scale variables as leaves that take gradients."""
        self.variables = self.variables.detach().requires_grad_()
        self.scale_variables = self.scale_variables.detach().requires_grad_()
        return self.variables, self.scale_variables

    def weight(self) -> Tensor:
        """Return the weight as rounded so far, with gradients for what is learned."""
        up = self._final.scatter(0, self._soft, _share_up(self.variables))
        number = torch.addcmul(self._floor, self._step, up).reshape(self.shape)
        factors = self._factors().unsqueeze(-1)
        return ungrouped(grouped(number, self.number) * factors, self.shape)

    def rounded(self) -> QuantizedWeight:
        """Return the weight once no variable is soft.

        Raises:
            EdgeAsrError: if the learned scale is no finite float16.
        """
        codes = (self._lower + self._final).reshape(self.shape).to(code_dtype(self.number))
        scale = (self.scale.scale.float() * self._factors().detach()).half()
        if not bool(torch.isfinite(scale).all() and (scale > 0).all()):
            raise EdgeAsrError("a learned scale is zero or infinite in float16; lower the learning rate")
        return QuantizedWeight(codes, Scale(scale, self.scale.zero), self.number)

    def _factors(self) -> Tensor:
        return 2.0 * self.scale_variables.sigmoid()


def _share_up(variables: Tensor) -> Tensor:
    """Return how far up a weight goes from its lower code, in 0...1: the rectified sigmoid."""
    low, high = STRETCH
    return (variables.sigmoid() * (high - low) + low).clamp(0.0, 1.0)


def _inverse(share: Tensor) -> Tensor:
    """Return the variables whose rectified sigmoid is `share`, in 0...1."""
    low, high = STRETCH
    return torch.logit((share - low) / (high - low))
