"""HQQ, half-quadratic quantization of weights: data-free (Badri and Shaji 2023, github.com/mobiusml/hqq).

It minimises |w - dequantized(w)|^p with p < 1, which lets a few weights go far off for the sake of the rest.
The problem is split: a generalised shrinkage takes the large residuals e out, and what is left, w - e, is
fitted by least squares in closed form. Residuals have the weight's own unit, so with p = 0.7 and beta = 10
those below 0.17 count in full, which are all rounding errors of usual networks.

The original fits the zero point alone and stores it as a float. Here it is an integer code, and fitting it
alone would end where it began, so the scale is fitted too. After `iterations` with a free zero point it is
rounded, and as many follow in which only the scale moves. A symmetric format has just the latter.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from traces.errors import EdgeAsrError
from traces.formats import Format

if TYPE_CHECKING:
    from torch import Tensor

    from quant.methods.problem import Problem
    from quant.weights import QuantizedWeight


@dataclass(frozen=True, slots=True)
class HqqConfig:
    """The original's settings: the exponent, and how weight and residual are coupled as iterations go on.

    The coupling `beta` grows by the factor `kappa` with every iteration.
    """

    p: float = 0.7
    beta: float = 10.0
    kappa: float = 1.01
    iterations: int = 20

    def __post_init__(self) -> None:
        if not 0.0 < self.p <= 1.0:
            raise EdgeAsrError(f"hqq: p is {self.p}; write an exponent above 0 and at most 1")
        if not self.beta > 0.0:
            raise EdgeAsrError(f"hqq: beta is {self.beta}; write a positive number")
        if not self.kappa >= 1.0:
            raise EdgeAsrError(f"hqq: kappa is {self.kappa}; write 1 or more")
        if self.iterations < 1:
            raise EdgeAsrError(f"hqq: iterations is {self.iterations}; write 1 or more")


def hqq(problem: "Problem", config: HqqConfig) -> Mapping[str, "QuantizedWeight"]:
    """Return every planned weight, convolutions and lookups included, with fitted scale and zero point."""
    found: dict[str, QuantizedWeight] = {}
    for done, layer in enumerate(problem.layers):
        found[layer.module] = fit_weight(
            problem.weight_of(layer), layer.weight, module=layer.module, config=config
        )
        problem.progress("hqq", done + 1, len(problem.layers))
    return found


def fit_weight(weight: "Tensor", number: Format, *, module: str, config: HqqConfig) -> "QuantizedWeight":
    """Return a weight (out, ...) with scale and zero point fitted, from its min/max range on.

    Raises:
        EdgeAsrError: naming the module, if the weight is not finite or too large.
    """
    import torch

    from quant.quantizer import Scale, code_dtype, grouped, row_blocks, to_codes
    from quant.weights import QuantizedWeight, round_weight

    start = round_weight(weight, number, module=module).scale
    groups = grouped(weight.float(), number)
    # A short last group is padded, and what is padded shall not count.
    is_real = grouped(torch.ones_like(weight, dtype=torch.float32), number)
    step = start.scale.float().unsqueeze(-1)
    zero = torch.zeros_like(step) if start.zero is None else start.zero.float().unsqueeze(-1)
    for rows in row_blocks(groups):
        step[rows], zero[rows] = _fitted(
            groups[rows], is_real[rows], step[rows], zero[rows], number=number, config=config
        )
    stored = None if start.zero is None else zero.squeeze(-1).to(code_dtype(number))
    scale = Scale(step.squeeze(-1).half(), stored)
    return QuantizedWeight(to_codes(weight, scale, number), scale, number)


def _fitted(
    groups: "Tensor", is_real: "Tensor", step: "Tensor", zero: "Tensor", *, number: Format, config: HqqConfig
) -> "tuple[Tensor, Tensor]":
    """Return step and zero point, (rows, groups, 1) as those given, the zero point a code."""
    from quant.quantizer import code_range

    if not number.symmetric:
        codes = code_range(number)
        step, zero = _refined(groups, is_real, step, zero, number=number, config=config, free_zero=True)
        zero = zero.round().clamp(codes.low, codes.high)
    return _refined(groups, is_real, step, zero, number=number, config=config, free_zero=False)


def _refined(
    groups: "Tensor",
    is_real: "Tensor",
    step: "Tensor",
    zero: "Tensor",
    *,
    number: Format,
    config: HqqConfig,
    free_zero: bool,
) -> "tuple[Tensor, Tensor]":
    """Return step and zero point, (rows, groups, 1) as those given, refined in turn with the codes."""
    import torch

    from quant.quantizer import SMALLEST_SCALE, code_range

    codes, largest, beta = code_range(number), torch.finfo(torch.float16).max, config.beta
    for _ in range(config.iterations):
        scaled = groups / step
        rounded = (scaled + zero).round().clamp(codes.low, codes.high)
        residual = _shrunk((scaled - (rounded - zero)) * step, beta, config.p)
        wanted = scaled - residual / step
        if free_zero:
            zero = ((rounded - wanted) * is_real).sum(-1, keepdim=True) / is_real.sum(-1, keepdim=True)
        level = (rounded - zero) * is_real
        power = level.square().sum(-1, keepdim=True)
        product = (wanted * level).sum(-1, keepdim=True)
        factor = torch.where(power > 0.0, product / power, 1.0)  # no power: a group of zeros, of any scale
        step = (step * factor).clamp(SMALLEST_SCALE, largest)
        beta *= config.kappa
    return step, zero


def _shrunk(residual: "Tensor", beta: float, p: float) -> "Tensor":
    """Return the generalised soft threshold: sign(r) * max(|r| - |r|^(p - 1) / beta, 0)."""
    size = residual.abs()
    return residual.sign() * (size - size.pow(p - 1.0) / beta).clamp(min=0.0)
