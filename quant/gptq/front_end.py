"""Layers outside the blocks: convolutions are rounded as the products they unfold into, others to nearest."""

from functools import partial

from torch import Tensor, nn
from torch.nn import functional

from quant.blocks.block import at_run_time
from quant.blocks.capture import entry_of_encoder
from quant.blocks.layout import layout_of
from quant.blocks.walk import layers_outside
from quant.calibration import need_data
from quant.gptq.block import round_layer
from quant.gptq.factor import factor_of
from quant.gptq.hessian import Hessian
from quant.methods.gptq import GptqConfig
from quant.methods.problem import Problem
from quant.observed import check_finite
from quant.ops import convolution_input
from quant.plan import PlannedLayer
from quant.quantizer import RangeSearch
from quant.weights import QuantizedWeight, round_weight


def round_outside(problem: Problem, config: GptqConfig) -> dict[str, QuantizedWeight]:
    """Return the rounded weights of front end, lookups and head.

    Convolutions see the float network's input: only the front end runs. One in several groups is rounded to
    nearest, as are lookups, which multiply nothing, and the head, which is one weight with a lookup.
    """
    layers = layers_outside(problem)
    search = RangeSearch() if config.range == "mse" else None
    hessians = _hessians(problem, layers)
    weights = {}
    for layer in layers:
        weight = problem.weight_of(layer)
        if layer.module in hessians:
            factor = factor_of(hessians[layer.module], damping=config.damping, act_order=config.act_order)
            weights[layer.module] = round_layer(weight, layer, factor=factor, config=config)
        else:
            weights[layer.module] = round_weight(weight, layer.weight, module=layer.module, search=search)
    return weights


def unfolded(x: Tensor, layer: nn.Conv1d) -> Tensor:
    """Return the windows that a convolution multiplies, (batch, out_frames, in * kernel).

    x: (batch, in, frames).
    """
    windows = functional.unfold(
        x.unsqueeze(2),
        (1, layer.kernel_size[0]),
        dilation=(1, layer.dilation[0]),
        padding=(0, int(layer.padding[0])),
        stride=(1, layer.stride[0]),
    )
    return windows.transpose(1, 2)


def _hessians(problem: Problem, layers: tuple[PlannedLayer, ...]) -> dict[str, Hessian]:
    """Return the Hessian of each convolution's windows; those over padding are left out."""
    hessians: dict[str, Hessian] = {}
    data, first = need_data(problem.calibration, problem.step), layout_of(problem.model).encoder[0]
    modules = {layer.module: problem.model.get_submodule(layer.module) for layer in layers}
    convolutions = {
        name: module
        for name, module in modules.items()
        if isinstance(module, nn.Conv1d) and module.groups == 1
    }
    activations = {layer.module: at_run_time(layer.activation) for layer in layers}
    for batch in data.batches if convolutions else ():
        seen: dict[str, Tensor] = {}
        hooks = [
            module.register_forward_pre_hook(partial(_keep, seen, name))
            for name, module in convolutions.items()
        ]
        try:
            hidden, _ = entry_of_encoder(problem.model, first, batch=batch)
        finally:
            for hook in hooks:
                hook.remove()
        share = 1.0 if batch.valid is None else batch.valid / hidden.shape[1]
        for name, module in convolutions.items():
            windows = unfolded(convolution_input(seen[name], activations[name], None), module)
            carrying = windows[:, : round(windows.shape[1] * share)].flatten(0, 1)
            if name not in hessians:
                hessians[name] = Hessian(carrying.shape[1], device=carrying.device)
            hessians[name].add_(carrying)
    return hessians


def _keep(seen: dict[str, Tensor], name: str, _: nn.Module, args: tuple[Tensor, ...]) -> None:
    check_finite(args[0], name)
    seen[name] = args[0].detach()
