"""Layers that read one tensor, and round it once: query, key and value of an attention."""

from typing import TYPE_CHECKING, TypeGuard

from torch import Tensor, nn

from quant.activations import quantize_activation
from quant.modules import QuantizedLinear
from traces.formats import Format

if TYPE_CHECKING:
    from quant.plan import PlannedAttention

READERS = ("q_proj", "k_proj", "v_proj")


class SharedInput:
    """The tensor that a layer read last while their attention runs, and its rounded form.

    Nothing is kept beyond a run: a tensor may hold other numbers by the next.
    """

    def __init__(self) -> None:
        self._is_open = False
        self._read: Tensor | None = None
        self._format: Format | None = None
        self._rounded: Tensor | None = None

    def open_(self, *_: object) -> None:
        """Begin to keep what is read: the attention starts."""
        self._is_open = True

    def close_(self, *_: object) -> None:
        """Forget what was read: the attention ends."""
        self._is_open = False
        self._read = self._rounded = None

    def quantize(self, x: Tensor, number: Format) -> Tensor:
        """Return what `quantize_activation(x, number)` does; the range is to be found at run time."""
        if x is self._read and number is self._format and self._rounded is not None:
            return self._rounded
        rounded = quantize_activation(x, number)
        if self._is_open and not x.requires_grad:
            self._read, self._format, self._rounded = x, number, rounded
        return rounded


def share_inputs_(model: nn.Module, planned: "tuple[PlannedAttention, ...]") -> None:
    """Let the quantized layers at the entry of each attention round a common input once."""
    for attention in planned:
        module = model.get_submodule(attention.module)
        readers = [layer for name in READERS if _finds_range(layer := module.get_submodule(name))]
        if len(readers) < 2:
            continue
        shared = SharedInput()
        for layer in readers:
            layer.shared_input = shared
        module.register_forward_pre_hook(shared.open_)
        module.register_forward_hook(shared.close_, always_call=True)


def _finds_range(layer: nn.Module) -> TypeGuard[QuantizedLinear]:
    """Return whether a layer rounds its input to a range found at run time."""
    return isinstance(layer, QuantizedLinear) and layer.activation_format.dynamic
