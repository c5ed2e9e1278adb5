"""The layers of one block rounded by GPTQ, each on what the layers before it give once they are rounded."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from quant.activations import quantize_activation
from quant.blocks.block import Block, at_run_time, observe
from quant.blocks.order import Readers, order_of
from quant.gptq.columns import Rounding, round_columns
from quant.gptq.factor import Factor, factor_of
from quant.gptq.hessian import Hessian
from quant.methods.gptq import GptqConfig
from quant.methods.problem import BlockResult
from quant.plan import PlannedLayer
from quant.quantizer import RangeSearch
from quant.weights import FloatColumns, QuantizedWeight
from traces.errors import EdgeAsrError


def round_block(block: Block, config: GptqConfig) -> BlockResult:
    """Return the rounded weights of a block, with remarks on what its Hessians lacked.

    Layers that read one tensor share its Hessian. With `true_sequential` they are rounded before the next
    layers' inputs are looked at; without, all inputs are those of the block in float.
    """
    weights: dict[str, QuantizedWeight] = {}
    found: list[tuple[str, Hessian, Factor]] = []
    if not block.layers:
        return BlockResult()
    order = order_of(block)
    steps = [(readers,) for readers in order.readers] if config.true_sequential else [order.readers]
    for number, step in enumerate(steps):
        if number:
            before = [layer.module for readers in steps[number - 1] for layer in readers]
            block.round_({name: weights[name] for name in before})
            # All that runs before this step's layers is settled now, so what these read stays as it is.
            block.shortcuts.close_(order.tails_of(before))
            block.shortcuts.open_(order.tails_of(layer.module for readers in step for layer in readers))
        kept = _float_columns(block, step)
        hessians = _hessians(block, step, kept)
        for readers in step:
            name = readers[0].module
            factor = factor_of(
                hessians[name],
                damping=config.damping,
                act_order=config.act_order,
                float_columns=kept.get(name),
            )
            found.append((name, hessians[name], factor))
            for layer in readers:
                weights[layer.module] = round_layer(block.weight(layer), layer, factor=factor, config=config)
    return BlockResult(weights, remarks=tuple(_damped_more(block, found, config)))


def round_layer(
    weight: Tensor, layer: PlannedLayer, *, factor: Factor, config: GptqConfig
) -> QuantizedWeight:
    """Return a weight (out, ...) rounded in the order of a factor; its last columns stay float16.

    Raises:
        EdgeAsrError: naming the module, if the weight is not finite or too large.
    """
    how = Rounding(config.block, config.static_groups, RangeSearch() if config.range == "mse" else None)
    try:
        rounded = round_columns(weight.flatten(1), layer.weight, factor=factor, how=how)
    except EdgeAsrError as error:
        raise EdgeAsrError(f"weight of module '{layer.module}': {error}") from error
    if not factor.n_float:
        return QuantizedWeight(rounded.codes.reshape(weight.shape), rounded.scale, layer.weight)
    columns = factor.order[-factor.n_float :].contiguous()
    return QuantizedWeight(
        rounded.codes, rounded.scale, layer.weight, FloatColumns(columns, rounded.rest.half())
    )


def _float_columns(block: Block, step: tuple[Readers, ...]) -> dict[str, Tensor]:
    """Return the input columns of largest magnitude, rising, of those layers that keep some float."""
    n_float = {readers[0].module: readers[0].n_float for readers in step if readers[0].n_float}
    largest: dict[str, Tensor] = {}

    def see(name: str, x: Tensor) -> None:
        absmax = x.abs().amax(0)
        largest[name] = torch.maximum(largest[name], absmax) if name in largest else absmax

    if n_float:
        observe(block, tuple(n_float), see=see, student=True)
    return {name: _largest(absmax, n_float[name]) for name, absmax in largest.items()}


def _largest(absmax: Tensor, count: int) -> Tensor:
    return torch.argsort(absmax, descending=True, stable=True)[:count].sort().values


def _hessians(
    block: Block, step: tuple[Readers, ...], float_columns: Mapping[str, Tensor]
) -> dict[str, Hessian]:
    """Return the Hessian of what each of the step's first readers multiplies."""
    first = {readers[0].module: readers[0] for readers in step}
    hessians: dict[str, Hessian] = {}

    def see(name: str, x: Tensor) -> None:
        if name not in hessians:
            hessians[name] = Hessian(x.shape[1], device=x.device)
        hessians[name].add_(_multiplied(x, first[name], float_columns.get(name)))

    observe(block, tuple(first), see=see, student=True)
    return hessians


def _multiplied(x: Tensor, layer: PlannedLayer, float_columns: Tensor | None) -> Tensor:
    """Return x (tokens, in) as the layer multiplies it: rounded to its format but for float columns."""
    if layer.activation.is_float:
        return x
    number = at_run_time(layer.activation)
    if float_columns is None:
        return quantize_activation(x, number)
    is_integer = torch.ones(x.shape[1], dtype=torch.bool, device=x.device)
    is_integer[float_columns] = False
    rounded = x.clone()
    rounded[:, is_integer] = quantize_activation(x[:, is_integer], number)
    return rounded


def _damped_more(block: Block, found: list[tuple[str, Hessian, Factor]], config: GptqConfig) -> Iterator[str]:
    """Yield a remark on how many Hessians took more damping than was asked for, if any did."""
    raised = [factor.damping for _, _, factor in found if factor.damping > config.damping]
    if raised:
        yield (
            f"gptq: {block.name}: {len(raised)} of {len(found)} Hessians are not positive definite; damped "
            f"by up to {max(raised):.3g} instead of {config.damping:.3g}"
        )
