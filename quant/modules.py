"""Layers with integer weights that take the place of nn.Linear, nn.Conv1d and nn.Embedding.

They hold integer codes and scales as buffers under the names a float layer uses (`weight`, `bias`). Outside
export they compute with the weight dequantized once; in export each is one op of `quant.ops`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from quant import ops
from quant.activations import quantize_activation
from quant.quantizer import Scale, from_codes
from quant.weights import QuantizedWeight
from traces.errors import EdgeAsrError
from traces.formats import Format

if TYPE_CHECKING:
    from quant.shared_input import SharedInput


class WeightStore(nn.Module):
    """The buffers of a quantized weight, and its float form once it has been asked for.

    Tied layers share one store's tensors, the float form included.
    """

    weight: Tensor
    scale: Tensor
    zero: Tensor | None

    def __init__(self, weight: QuantizedWeight) -> None:
        super().__init__()
        self.weight_format = weight.number
        self.register_buffer("weight", weight.codes)
        self.register_buffer("scale", weight.scale.scale)
        self.register_buffer("zero", weight.scale.zero)
        self.float_weight = FloatWeight()
        self.tied: list[WeightStore] = [self]
        """All stores that share these tensors."""

    def tie_weight_(self, other: "WeightStore") -> None:
        """Share the other layer's weight."""
        self.weight, self.scale, self.zero = other.weight, other.scale, other.zero
        self.float_weight = other.float_weight
        other.tied.append(self)
        self.tied = other.tied

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Move the tensors to another device, say; torch does so layer by layer, and tied ones stay one."""
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]  # torch leaves it untyped
        for store in self.tied:
            store.weight, store.scale, store.zero = self.weight, self.scale, self.zero
        return self

    def dequantized(self, dtype: torch.dtype) -> Tensor:
        """Return the weight as numbers; computed at the first call."""
        kept, codes = self.float_weight, self._buffers["weight"]  # an attribute takes longer to look up
        if kept.numbers is None or kept.codes is not codes or kept.numbers.dtype != dtype:
            numbers = from_codes(self.weight, Scale(self.scale, self.zero), self.weight_format)
            kept.codes, kept.numbers = codes, numbers.to(dtype)
        return kept.numbers


@dataclass(slots=True, eq=False)
class FloatWeight:
    """A dequantized weight, kept until its codes are replaced."""

    codes: Tensor | None = None
    numbers: Tensor | None = None


def forget_floats_(model: nn.Module) -> None:
    """Give the memory of dequantized weights back; they are worked out again when they are next asked for."""
    for module in model.modules():
        if isinstance(module, WeightStore):
            module.float_weight.codes = module.float_weight.numbers = None


class QuantizedLinear(WeightStore):
    """`nn.Linear` with an integer weight and a quantized input."""

    activation_scale: Tensor | None
    activation_zero: Tensor | None

    def __init__(
        self, weight: QuantizedWeight, bias: Tensor | None, *, activation: Format, static: Scale | None = None
    ) -> None:
        super().__init__(weight)
        self.out_features, self.in_features = weight.codes.shape
        self.bias = _constant(bias)
        self.activation_format = activation
        self.shared_input: SharedInput | None = None
        _register_static(self, activation, static)

    def forward(self, x: Tensor) -> Tensor:
        """Return x (..., in) times the weight (out, in), plus bias."""
        if torch.compiler.is_exporting():
            exported: Tensor = ops.quantized_linear(
                x, self.weight, self.scale, self.zero, self.bias, self.weight_format.name,
                self.activation_format.name, self.activation_scale, self.activation_zero,
            )  # fmt: skip
            return exported
        if self.shared_input is None:
            x = quantize_activation(x, self.activation_format, static=_static(self))
        else:
            x = self.shared_input.quantize(x, self.activation_format)
        return functional.linear(x, self.dequantized(x.dtype), self.bias)

    def extra_repr(self) -> str:
        """Return extents and formats."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, weight={self.weight_format}, "
            f"activation={self.activation_format}"
        )


class QuantizedConv1d(WeightStore):
    """`nn.Conv1d` with zero padding, an integer weight and a quantized input."""

    activation_scale: Tensor | None
    activation_zero: Tensor | None

    def __init__(
        self,
        weight: QuantizedWeight,
        bias: Tensor | None,
        *,
        stride: int,
        padding: int,
        dilation: int,
        groups: int,
        activation: Format,
        static: Scale | None = None,
    ) -> None:
        super().__init__(weight)
        self.out_channels = weight.codes.shape[0]
        self.in_channels = weight.codes.shape[1] * groups
        self.kernel_size = (weight.codes.shape[2],)
        self.stride, self.padding, self.dilation, self.groups = (stride,), (padding,), (dilation,), groups
        self.bias = _constant(bias)
        self.activation_format = activation
        _register_static(self, activation, static)

    @classmethod
    def like(
        cls, layer: nn.Conv1d, weight: QuantizedWeight, *, activation: Format, static: Scale | None
    ) -> "QuantizedConv1d":
        """Return the quantized form of a float convolution.

        Raises:
            EdgeAsrError: if it pads by anything but a number of zeros.
        """
        if layer.padding_mode != "zeros" or isinstance(layer.padding, str):
            raise EdgeAsrError(
                f"a convolution with padding {layer.padding!r} of {layer.padding_mode} has no quantized "
                "form; give it a float format"
            )
        return cls(
            weight,
            layer.bias,
            stride=layer.stride[0],
            padding=layer.padding[0],
            dilation=layer.dilation[0],
            groups=layer.groups,
            activation=activation,
            static=static,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution of x (batch, in, frames)."""
        if torch.compiler.is_exporting():
            exported: Tensor = ops.quantized_conv1d(
                x, self.weight, self.scale, self.zero, self.bias, self.stride[0], self.padding[0],
                self.dilation[0], self.groups, self.weight_format.name, self.activation_format.name,
                self.activation_scale, self.activation_zero,
            )  # fmt: skip
            return exported
        x = ops.convolution_input(x, self.activation_format, _static(self))
        return functional.conv1d(
            x, self.dequantized(x.dtype), self.bias, self.stride, self.padding, self.dilation, self.groups
        )

    def extra_repr(self) -> str:
        """Return extents and formats."""
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"weight={self.weight_format}, activation={self.activation_format}"
        )


class QuantizedEmbedding(WeightStore):
    """`nn.Embedding` with an integer weight (tokens, channels)."""

    def __init__(self, weight: QuantizedWeight) -> None:
        super().__init__(weight)
        self.num_embeddings, self.embedding_dim = weight.codes.shape

    def forward(self, ids: Tensor) -> Tensor:
        """Return the rows `ids` (...) as float32 (..., channels)."""
        if torch.compiler.is_exporting():
            exported: Tensor = ops.quantized_embedding(
                ids, self.weight, self.scale, self.zero, self.weight_format.name
            )
            return exported
        return functional.embedding(ids, self.dequantized(torch.float32))

    def extra_repr(self) -> str:
        """Return extents and format."""
        return f"{self.num_embeddings}, {self.embedding_dim}, weight={self.weight_format}"


def _constant(bias: Tensor | None) -> nn.Parameter | None:
    return None if bias is None else nn.Parameter(bias.detach(), requires_grad=False)


def _register_static(layer: nn.Module, activation: Format, static: Scale | None) -> None:
    fixed = not activation.is_float and not activation.dynamic
    if fixed and static is None:
        raise EdgeAsrError(f"activation format {activation} has a fixed range; calibrate it first")
    layer.register_buffer("activation_scale", static.scale if fixed and static else None)
    layer.register_buffer("activation_zero", static.zero if fixed and static else None)


def _static(layer: "QuantizedLinear | QuantizedConv1d") -> Scale | None:
    if layer.activation_format.dynamic or layer.activation_scale is None:  # looking a buffer up takes time
        return None
    return Scale(layer.activation_scale, layer.activation_zero)
