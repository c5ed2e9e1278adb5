"""A linear layer some of whose input columns stay float."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from quant import ops
from quant.activations import quantize_activation
from quant.modules import WeightStore
from quant.weights import FloatColumns, QuantizedWeight
from traces.formats import Format


class MixedLinear(WeightStore):
    """`nn.Linear` as a thin float product beside an integer one, whose input is quantized on its own.

    float_columns: (n_float,) int64, the input columns that stay float; float_columns_weight: (out, n_float)
    float16. The integer `weight` (out, in - n_float) has the other columns side by side.
    """

    float_columns: Tensor
    float_columns_weight: Tensor
    other_columns: Tensor

    def __init__(
        self, weight: QuantizedWeight, kept: FloatColumns, bias: Tensor | None, *, activation: Format
    ) -> None:
        super().__init__(weight)
        n_float = len(kept.columns)
        self.out_features, self.in_features = len(weight.codes), weight.codes.shape[1] + n_float
        self.bias = None if bias is None else nn.Parameter(bias.detach(), requires_grad=False)
        self.activation_format = activation
        self.register_buffer("float_columns", kept.columns)
        self.register_buffer("float_columns_weight", kept.weight)
        self.register_buffer("other_columns", kept.others(self.in_features), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return x (..., in) times the weight (out, in), plus bias."""
        if torch.compiler.is_exporting():
            exported: Tensor = ops.mixed_linear(
                x, self.weight, self.scale, self.zero, self.float_columns, self.float_columns_weight,
                self.bias, self.weight_format.name, self.activation_format.name,
            )  # fmt: skip
            return exported
        others = quantize_activation(x[..., self.other_columns], self.activation_format)
        integer = functional.linear(others, self.dequantized(x.dtype), self.bias)
        kept = x[..., self.float_columns]
        return integer + functional.linear(kept, self.float_columns_weight.to(x.dtype))

    def extra_repr(self) -> str:
        """Return extents and formats."""
        return (
            f"in_features={self.in_features}, of which float={len(self.float_columns)}, "
            f"out_features={self.out_features}, weight={self.weight_format}, "
            f"activation={self.activation_format}"
        )
