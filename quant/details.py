"""How each layer came out: its output error, clipped share, scales, and the outliers it had to face."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from quant.calibration import CalibrationBatch, CalibrationData, run
from quant.mixed_linear import MixedLinear
from quant.modules import WeightStore
from quant.moments import Moments, moments_of
from quant.observed import ALL, Carrying, carrying, check_finite
from quant.plan import PlannedLayer
from quant.quantizer import Scale, clipped_share
from traces.progress import Progress, silent


@dataclass(frozen=True, slots=True)
class LayerDetail:
    """One layer on the data that details were asked for.

    `relative_error` is |y' - y| / |y| of the layer's output y without bias, over all tokens that carry data:
    the quantized layer, with its activation format, beside the float one, both given the float network's
    input there. `network_error` is the same with y' taken where the layer stands: its input is what the
    quantized network gives it, so the errors of all layers before are in it, and what the layer makes up for.
    The float network is the original after exact transforms: one that scales the layer's output scales
    both. `clipped_share` is the share of weights beyond the codes' range. `scale_min` and `scale_max`
    are the weight's scales; `channel_scale_min` and `channel_scale_max` those by which transforms divided
    what the layer reads. Kurtosis is Pearson's (3 for a normal distribution), over all elements. None stands
    for what is not there: a lookup reads ids, and data may never come to a layer.
    """

    module: str
    kind: str
    weight: str
    activation: str
    relative_error: float | None
    network_error: float | None
    clipped_share: float
    scale_min: float
    scale_max: float
    channel_scale_min: float | None
    channel_scale_max: float | None
    input_absmax: float | None
    input_kurtosis: float | None
    weight_absmax: float
    weight_kurtosis: float | None


def layer_details(
    before: nn.Module,
    after: nn.Module,
    *,
    layers: tuple[PlannedLayer, ...],
    data: CalibrationData,
    channel_scales: Mapping[str, Tensor] | None = None,
    progress: Progress = silent,
) -> tuple[LayerDetail, ...]:
    """Return the details of planned layers in the network's order; memory holds one utterance at a time.

    `before` is the float network after exact transforms, `after` the quantized one. Data that was not
    calibrated on shows what generalises. `channel_scales` has transforms' scales by the module that reads
    what they divide.

    Raises:
        EdgeAsrError: naming the module whose input is not finite.
    """
    measured = {layer.module: _Sums() for layer in layers}
    with torch.no_grad():
        for done, batch in enumerate(data.batches):
            with _watched(before, after, measured, batch) as outputs:
                run(before, batch)
            with _compared(before, after, measured, batch, outputs):
                run(after, batch)
            progress("details", done + 1, len(data.batches))
    scales = channel_scales or {}
    return tuple(
        _detail(layer, before, after, measured[layer.module], scales.get(layer.module)) for layer in layers
    )


@dataclass(slots=True)
class _Sums:
    """Squared norms of a layer's errors and output over the data, and the moments of its input."""

    difference: float = 0.0
    network_difference: float = 0.0
    power: float = 0.0
    inputs: Moments | None = None


@contextmanager
def _watched(
    before: nn.Module, after: nn.Module, measured: Mapping[str, _Sums], batch: CalibrationBatch
) -> Iterator[dict[str, Tensor]]:
    """Measure every layer of the float network as it runs over a batch; yields what each will have given."""
    kept = carrying(before, batch.valid)
    outputs: dict[str, Tensor] = {}
    hooks = [
        before.get_submodule(name).register_forward_hook(
            _FloatLayer(name, sums, after.get_submodule(name), kept.get(name, ALL), outputs).measure
        )
        for name, sums in measured.items()
    ]
    try:
        yield outputs
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def _compared(
    before: nn.Module,
    after: nn.Module,
    measured: Mapping[str, _Sums],
    batch: CalibrationBatch,
    outputs: Mapping[str, Tensor],
) -> Iterator[None]:
    """Measure how far the quantized network's layers are from `outputs` as it runs over the same batch."""
    kept = carrying(before, batch.valid)
    hooks = [
        after.get_submodule(name).register_forward_hook(
            _QuantizedLayer(measured[name], y, kept.get(name, ALL)).compare
        )
        for name, y in outputs.items()
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@dataclass(frozen=True, slots=True)
class _FloatLayer:
    """A layer of the float network while it runs over one batch, with its quantized twin beside it."""

    name: str
    sums: _Sums
    twin: nn.Module
    kept: Carrying
    outputs: dict[str, Tensor]

    def measure(self, layer: nn.Module, args: tuple[Tensor], y: Tensor) -> None:
        """Add what the twin makes of the same input; a forward hook."""
        x = args[0]
        target = self.kept.of_output(_without_bias(y, layer)).clone()  # without the padding
        self.outputs[self.name] = target
        difference = self.kept.of_output(_without_bias(self.twin(x), self.twin)) - target
        self.sums.difference += _power(difference)
        self.sums.power += _power(target)
        if x.is_floating_point():
            check_finite(self.kept.of_input(x), self.name)
            found = moments_of(self.kept.of_input(x))
            self.sums.inputs = found if self.sums.inputs is None else self.sums.inputs + found


@dataclass(frozen=True, slots=True)
class _QuantizedLayer:
    """A layer of the quantized network while it runs over the batch for which float gave `target`."""

    sums: _Sums
    target: Tensor
    kept: Carrying

    def compare(self, layer: nn.Module, _: tuple[Tensor], y: Tensor) -> None:
        """Add how far the result is from the target; a forward hook."""
        difference = self.kept.of_output(_without_bias(y, layer)) - self.target
        self.sums.network_difference += _power(difference)


def _power(x: Tensor) -> float:
    return float(x.square().sum(dtype=torch.float64))


def _without_bias(y: Tensor, layer: nn.Module) -> Tensor:
    """Return a layer's output, (batch, tokens, out) or (batch, out, frames), without its bias."""
    bias = getattr(layer, "bias", None)
    if bias is None:
        return y
    constant: Tensor = bias[:, None] if hasattr(layer, "kernel_size") else bias
    return y - constant


def _detail(
    layer: PlannedLayer, before: nn.Module, after: nn.Module, sums: _Sums, channel_scale: Tensor | None
) -> LayerDetail:
    weight = before.get_parameter(f"{layer.module}.weight").detach()
    store = after.get_submodule(layer.module)
    if not isinstance(store, WeightStore):
        raise TypeError(f"planned layer '{layer.module}' is a {type(store).__name__} with no integer weight")
    of_weight, of_input = moments_of(weight), sums.inputs
    integers = weight[:, store.other_columns] if isinstance(store, MixedLinear) else weight
    return LayerDetail(
        module=layer.module,
        kind=layer.kind,
        weight=layer.weight.name,
        activation=layer.activation.name,
        relative_error=(sums.difference / sums.power) ** 0.5 if sums.power else None,
        network_error=(sums.network_difference / sums.power) ** 0.5 if sums.power else None,
        clipped_share=clipped_share(integers, Scale(store.scale, store.zero), layer.weight),
        scale_min=float(store.scale.min()),
        scale_max=float(store.scale.max()),
        channel_scale_min=None if channel_scale is None else float(channel_scale.min()),
        channel_scale_max=None if channel_scale is None else float(channel_scale.max()),
        input_absmax=of_input.absmax if of_input else None,
        input_kurtosis=of_input.kurtosis if of_input else None,
        weight_absmax=of_weight.absmax,
        weight_kurtosis=of_weight.kurtosis,
    )
