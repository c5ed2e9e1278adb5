"""What a method may look at of a layer's input: no padding, and nothing that is not finite."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from quant.blocks.layout import layout_of
from traces.errors import EdgeAsrError


class Carrying(NamedTuple):
    """How much of a layer's input and output is no padding: the first so many along an axis, None all."""

    axis: int = 1
    n_in: int | None = None
    n_out: int | None = None

    def of_input(self, x: Tensor) -> Tensor:
        """Return what carries data of an input (batch, tokens, in) or (batch, in, frames)."""
        return _first(x, self.axis, self.n_in)

    def of_output(self, y: Tensor) -> Tensor:
        """Return what carries data of an output (batch, tokens, out) or (batch, out, frames)."""
        return _first(y, self.axis, self.n_out)


ALL = Carrying()
"""Nothing is padding, as in the decoder."""


def carrying(model: nn.Module, valid: int | None) -> dict[str, Carrying]:
    """Return what is no padding by layer: of the encoder's `valid` positions, and of frames before.

    A position stands for as many frames of a convolution's output as the strides behind it multiply to.
    Layers that are not named see no padding.
    """
    if valid is None:
        return {}
    layout = layout_of(model)
    found = {name: Carrying(1, valid, valid) for name in (*layout.cross_keys, *layout.cross_values)}
    frames = valid
    for name, module in reversed(list(model.named_modules())):
        if isinstance(module, nn.Linear) and name.startswith("model.encoder."):
            found[name] = Carrying(1, valid, valid)
        if isinstance(module, nn.Conv1d) and name.startswith("model.encoder."):
            found[name] = Carrying(2, frames * module.stride[0], frames)
            frames *= module.stride[0]
    return found


def check_finite(x: Tensor, name: str) -> None:
    """Verify that every value of a module's input is finite.

    Raises:
        EdgeAsrError: naming the module.
    """
    if not bool(torch.isfinite(x.sum()) or torch.isfinite(x).all()):
        raise EdgeAsrError(
            f"calibration: the input of module '{name}' is NaN or infinite; check the audio and the model"
        )


def _first(x: Tensor, axis: int, count: int | None) -> Tensor:
    return x if count is None else x.narrow(axis, 0, min(count, x.shape[axis]))
