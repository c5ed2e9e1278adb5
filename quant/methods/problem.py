"""What a method is given, and what it gives back for one block."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from traces.progress import Progress, silent

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

    from quant.calibration import CalibrationData
    from quant.plan import PlannedAttention, PlannedLayer
    from quant.resume import BlockStore
    from quant.weights import QuantizedWeight


@dataclass(frozen=True, slots=True, eq=False)
class BlockResult:
    """What a method decided about one block of the network.

    `weights` are rounded, by module name; `parameters` are new float parameters by their full names, of exact
    transforms: any other module may be among them. `channel_scales` are the scales a transform chose, by the
    module that writes what they divide; `remarks` are sentences for the user.
    """

    weights: "Mapping[str, QuantizedWeight]" = field(default_factory=dict)
    parameters: "Mapping[str, Tensor]" = field(default_factory=dict)
    channel_scales: "Mapping[str, Tensor]" = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Findings:
    """What the steps of a recipe have found so far; each step adds to it.

    `weights` are the rounded ones: a step that rounds again may start from the ranges of an earlier one.
    """

    weights: "dict[str, QuantizedWeight]" = field(default_factory=dict)
    channel_scales: "dict[str, Tensor]" = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def add_(self, result: BlockResult) -> None:
        """Take in a block's result; weights that a transform changed have to be rounded anew."""
        for name in result.parameters:
            self.weights.pop(name.removesuffix(".weight"), None)
        self.weights.update(result.weights)
        for name, scale in result.channel_scales.items():
            known = self.channel_scales.get(name)
            self.channel_scales[name] = scale if known is None else known * scale
        self.remarks.extend(result.remarks)


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A network to quantize.

    `model` is a working copy in float32 whose parameters are shared with the caller's model: a method assigns
    new ones and never writes into old ones. `layers` are those with integer weights, in the order the network
    runs them; tied modules appear once, under their first name. `attention` has the formats of all
    attentions. `step` names the recipe's step that is running, for `store`, which keeps finished blocks;
    `next_method` is that of the step behind it, empty for the last.
    """

    model: "Module"
    layers: "tuple[PlannedLayer, ...]"
    calibration: "CalibrationData | None"
    progress: Progress = silent
    attention: "tuple[PlannedAttention, ...]" = ()
    findings: Findings = field(default_factory=Findings)
    store: "BlockStore | None" = None
    step: str = ""
    next_method: str = ""

    def weight_of(self, layer: "PlannedLayer") -> "Tensor":
        """Return a layer's float weight: (out, in), (out, in, kernel), or (tokens, channels) of a lookup."""
        return self.model.get_parameter(f"{layer.module}.weight").detach()
