"""SmoothQuant: outliers of activations moved into weights, behind norms (arXiv 2211.10438).

A pure transform: the step behind it in the recipe rounds, for example rtn or gptq.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from traces.errors import EdgeAsrError

if TYPE_CHECKING:
    from torch import Tensor

    from quant.blocks.block import Block
    from quant.methods.problem import BlockResult, Problem
    from quant.scale_pairs import ScalePair
    from quant.weights import QuantizedWeight

SMALLEST = 1e-5
"""What magnitudes and scales are clamped at, as in the reference code, for channels that are always zero."""


@dataclass(frozen=True, slots=True)
class SmoothQuantConfig:
    """How much of an outlier moves: at `alpha` 1 all of it, at 0 the weights' ranges are evened out instead.

    0.5 is the paper's (section 4) and its code's default; networks with harder activations want up to 0.9.
    """

    alpha: float = 0.5

    def __post_init__(self) -> None:
        if not 0.0 <= self.alpha <= 1.0:
            raise EdgeAsrError(f"smoothquant: alpha is {self.alpha}; write a share from 0 to 1")


def smoothquant(problem: "Problem", config: SmoothQuantConfig) -> Mapping[str, "QuantizedWeight"]:
    """Scale the channels behind every norm whose readers round their input; return no weights.

    The statistics are the float network's: those of a block do not depend on the blocks before it. Where
    all readers compute in float there is no activation to smooth, and the norm stays.
    """
    from quant.blocks.walk import walk

    if all(layer.activation.is_float for layer in problem.layers):
        problem.findings.remarks.append(
            "smoothquant: the recipe keeps all activations in float; nothing to smooth"
        )
        return {}
    rounding = frozenset(layer.module for layer in problem.layers if not layer.activation.is_float)
    weights = walk(problem, partial(_smooth, config=config, rounding=rounding), quantized=False)
    if not problem.findings.channel_scales:
        problem.findings.remarks.append(
            "smoothquant: no norm has a scale of its own to take outliers into, as behind a rotation; "
            "nothing changed"
        )
    return weights


def smoothing_scale(absmax: "Tensor", weights: "tuple[Tensor, ...]", *, alpha: float) -> "Tensor":
    """Return a^alpha / w^(1 - alpha) per channel (in), equation 4 of the paper.

    a is the activation's `absmax: (in)`, w that of the columns of all `weights: (out, in)` that read it.
    """
    import torch

    of_columns = torch.stack([weight.abs().amax(0) for weight in weights]).amax(0)
    scale = absmax.clamp(min=SMALLEST) ** alpha / of_columns.clamp(min=SMALLEST) ** (1.0 - alpha)
    return scale.clamp(min=SMALLEST)


def _smooth(block: "Block", config: SmoothQuantConfig, rounding: frozenset[str]) -> "BlockResult":
    from quant.channel_statistics import channel_absmax
    from quant.methods.problem import BlockResult
    from quant.scale_pairs import folded, pair_parameters, scale_pairs

    def smoothed(pair: "ScalePair") -> bool:
        return pair.kind.is_behind_norm and not rounding.isdisjoint(pair.targets)

    pairs = tuple(pair for pair in scale_pairs(block) if smoothed(pair))
    if not pairs:
        return BlockResult()
    parameters = pair_parameters(block, pairs)
    scales: dict[str, Tensor] = {}
    for pair, absmax in zip(pairs, channel_absmax(block, pairs), strict=True):
        weights = tuple(parameters[f"{target}.weight"] for target in pair.targets)
        scale = smoothing_scale(absmax, weights, alpha=config.alpha)
        parameters |= folded(parameters, pair, scale=scale)
        scales[pair.source] = scale
    return BlockResult(parameters=parameters, channel_scales=scales)
