"""What a method is given: the float network, which layers get which formats, and data to look at."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from traces.progress import Progress

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

    from quant.calibration import CalibrationData
    from quant.plan import PlannedLayer


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A network to quantize.

    `model` is a working copy in float32 whose parameters are shared with the caller's model. `layers` are
    those with integer weights, in the order the network runs them; tied modules appear once, under their
    first name.
    """

    model: "Module"
    layers: "tuple[PlannedLayer, ...]"
    calibration: "CalibrationData | None"
    progress: Progress

    def weight_of(self, layer: "PlannedLayer") -> "Tensor":
        """Return a layer's float weight: (out, in), (out, in, kernel), or (tokens, channels) of a lookup."""
        return self.model.get_parameter(f"{layer.module}.weight").detach()
