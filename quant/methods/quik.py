"""QUIK: the input columns with outliers stay float, the rest is rounded by GPTQ (arXiv 2310.09259)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from quant.methods.gptq import GptqConfig, gptq
from traces.errors import EdgeAsrError

if TYPE_CHECKING:
    from quant.methods.problem import Problem
    from quant.weights import QuantizedWeight


@dataclass(frozen=True, slots=True)
class QuikConfig(GptqConfig):
    """What share of a layer's input columns stays float16, and how the others are rounded.

    The paper keeps 256 columns of LLaMA-7B's 4096 (section 4), a sixteenth; a fixed count would be most of a
    layer at the widths of speech recognisers. Its groups are the ranges of the weight as given. It keeps the
    last layer of an MLP at 8 bits, which is a rule of a recipe here.
    """

    share: float = 0.0625

    def __post_init__(self) -> None:
        GptqConfig.__post_init__(self)  # a slotted dataclass is a new class, which super() does not know
        if not 0.0 <= self.share <= 1.0:
            raise EdgeAsrError(f"quik: share is {self.share}; write how much stays float, from 0 to 1")


def n_float(config: QuikConfig, in_features: int) -> int:
    """Return how many columns the share comes to, at least one unless it is zero."""
    return max(round(config.share * in_features), int(config.share > 0.0))


def quik(problem: "Problem", config: QuikConfig) -> "Mapping[str, QuantizedWeight]":
    """Return every planned weight, rounded by GPTQ but for the input columns of largest magnitude.

    Those are rounded last, which is not at all: the errors of all others flow into them, so that they end as
    the least-squares answer to what the integers got wrong. Their activations are not quantized either.

    Raises:
        EdgeAsrError: an activation format has a fixed range, which would have to leave the columns out.
    """
    for layer in problem.layers:
        if layer.n_float and not (layer.activation.is_float or layer.activation.dynamic):
            raise EdgeAsrError(
                f"quik: module '{layer.module}' has activations in {layer.activation}; with float columns "
                f"ranges are found at run time: write {replace(layer.activation, dynamic=True)} or a format "
                "per token"
            )
    return gptq(problem, config)
