"""Weights and correlated inputs for the column solver."""

import torch
from torch import Tensor

from quant.gptq.factor import Factor, factor_of
from quant.gptq.hessian import Hessian


def weight_and_inputs(seed: int, rows: int, columns: int, *, tokens: int = 400) -> tuple[Tensor, Tensor]:
    """A weight (rows, columns) and inputs (tokens, columns) whose channels are mixed and unequally large."""
    generator = torch.Generator().manual_seed(seed)
    mixed = torch.randn(columns, columns, generator=generator) * torch.rand(columns, generator=generator)
    inputs = torch.randn(tokens, columns, generator=generator) @ mixed
    return torch.randn(rows, columns, generator=generator), inputs


def hessian_of(inputs: Tensor) -> Hessian:
    hessian = Hessian(inputs.shape[1])
    hessian.add_(inputs)
    return hessian


def factor_for(
    inputs: Tensor, *, damping: float = 0.0, act_order: bool = True, float_columns: Tensor | None = None
) -> Factor:
    return factor_of(hessian_of(inputs), damping=damping, act_order=act_order, float_columns=float_columns)


def output_error(difference: Tensor, inputs: Tensor) -> float:
    """|dW x| over all tokens, the norm that GPTQ makes small."""
    return float((inputs.double() @ difference.double().T).norm())
