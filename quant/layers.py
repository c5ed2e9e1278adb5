"""Quantized layers put in the place of float ones, in a copy that shares the float parameters."""

import copy
from collections.abc import Mapping
from typing import TypeVar

from torch import nn

from quant.mixed_linear import MixedLinear
from quant.modules import QuantizedConv1d, QuantizedEmbedding, QuantizedLinear, WeightStore
from quant.plan import PlannedLayer
from quant.quantizer import Scale
from quant.weights import QuantizedWeight
from traces.errors import EdgeAsrError

Network = TypeVar("Network", bound=nn.Module)


def replace_layers_(
    model: nn.Module,
    layers: tuple[PlannedLayer, ...],
    *,
    weights: Mapping[str, QuantizedWeight],
    statics: Mapping[str, Scale],
) -> None:
    """Put quantized layers in the place of the planned ones; tied layers share one weight."""
    replaced: dict[str, WeightStore] = {}
    for layer in layers:
        static = statics.get(layer.module)
        quantized = _quantized_layer(
            model.get_submodule(layer.module), layer, weights[layer.weight_of], static
        )
        if layer.is_tied:
            quantized.tie_weight_(replaced[layer.weight_of])
        replaced[layer.module] = quantized
    for name, quantized in replaced.items():
        model.set_submodule(name, quantized)


def _quantized_layer(
    module: nn.Module, layer: PlannedLayer, weight: QuantizedWeight, static: Scale | None
) -> WeightStore:
    match module:
        case nn.Linear() | QuantizedLinear() | MixedLinear():  # rounded anew, where a method looks in between
            if weight.float_columns is not None:
                return MixedLinear(weight, weight.float_columns, module.bias, activation=layer.activation)
            return QuantizedLinear(weight, module.bias, activation=layer.activation, static=static)
        case nn.Conv1d():
            return QuantizedConv1d.like(module, weight, activation=layer.activation, static=static)
        case nn.Embedding():
            return QuantizedEmbedding(weight)
    raise EdgeAsrError(f"module '{layer.module}' is a {type(module).__name__}, which has no quantized form")


def working_copy(model: Network) -> Network:
    """Return a copy in eval mode whose parameters are new objects over the same storage, in float32."""
    memo: dict[int, object] = {}
    for parameter in model.parameters():
        memo[id(parameter)] = nn.Parameter(parameter.detach().float(), requires_grad=False)
    working = copy.deepcopy(model, memo)
    return working.eval()
