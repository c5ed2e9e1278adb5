"""AWQ's scale search: channels of large activations made larger in the weight, so that they round better."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from torch import Tensor, nn
from torch.func import functional_call

from quant.activations import quantize_activation
from quant.blocks.block import Block, Sample, at_run_time, kept
from quant.blocks.capture import Reached
from quant.channel_statistics import channel_mean_magnitude
from quant.methods.problem import BlockResult
from quant.plan import PlannedLayer
from quant.quantizer import fake_quantize, find_scale
from quant.scale_pairs import PairKind, ScalePair, folded, pair_parameters, scale_pairs
from traces.formats import FLOAT16, Format

SMALLEST = 1e-4
"""What scales are clamped at, as in the reference code, for channels that are always zero."""


def search_scales(block: Block, *, ratios: int, tokens: int) -> BlockResult:
    """Return the block's parameters with the scales folded in that let its parts err least once rounded.

    A scale is a^r for the mean magnitude a of each channel, with r one of 0, 1 / ratios, ... below 1; at
    r = 0 nothing is scaled. Pairs none of whose targets are rounded stay as they are, and so do queries and
    keys: a factor on a row of weights is taken up by the row's own scale.
    """
    layers = {layer.module: layer for layer in block.layers}
    pairs = tuple(
        pair
        for pair in scale_pairs(block)
        if pair.kind is not PairKind.QUERY_KEY and not layers.keys().isdisjoint(pair.targets)
    )
    if not pairs:
        return BlockResult()
    parameters = pair_parameters(block, pairs)
    samples = _enough(block.samples, tokens)
    scales: dict[str, Tensor] = {}
    for pair, magnitude in zip(pairs, channel_mean_magnitude(block, pairs), strict=True):
        readers = tuple(_reader(block, target, parameters, layers.get(target)) for target in pair.targets)
        scale = _best_scale(_inspected(block, pair), block, samples, readers, magnitude, ratios)
        parameters |= folded(parameters, pair, scale=scale)
        scales[pair.source] = scale
    return BlockResult(parameters=parameters, channel_scales=scales)


@dataclass(frozen=True, slots=True, eq=False)
class _Reader:
    """A linear layer whose columns are scaled, and how it is going to be rounded."""

    module: nn.Module
    weight: Tensor
    number: Format
    activation: Format

    def rounded(self, scale: Tensor) -> Tensor:
        """Return the weight (out, in) as it comes out with a scale (in) in its columns."""
        scaled = self.weight * scale
        if self.number.is_float:
            return scaled
        return fake_quantize(scaled, find_scale(scaled, self.number), self.number)

    def divides(self, scale: Tensor) -> Callable[[nn.Module, tuple[Tensor, ...]], tuple[Tensor, ...]]:
        """Return a hook that gives the layer its input as it comes divided by a scale (in)."""

        def hook(_: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            return (quantize_activation(args[0] / scale, self.activation), *args[1:])

        return hook


def _reader(
    block: Block, name: str, parameters: Mapping[str, Tensor], planned: PlannedLayer | None
) -> _Reader:
    return _Reader(
        block.module(name),
        parameters[f"{name}.weight"],
        planned.weight if planned else FLOAT16,
        at_run_time(planned.activation) if planned else FLOAT16,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Call:
    """What the inspected module was called with, and its float output on the tokens that carry data."""

    args: tuple[object, ...]
    keywords: Mapping[str, object]
    sample: Sample
    target: Tensor


def _inspected(block: Block, pair: ScalePair) -> nn.Module:
    """Return the module whose output tells how good a scale is.

    As in the reference code, for projections that read a norm it is their attention, and for fc1 the MLP
    where that is a module of its own; for cross-attention keys and values all of them, summed; else the
    layer itself.
    """
    if pair.kind is PairKind.CROSS_INPUT:
        return block.teacher
    (target, *_), parent = pair.targets, pair.targets[0].rpartition(".")[0]
    return block.module(parent if pair.kind.is_behind_norm and parent != block.name else target)


def _best_scale(
    inspected: nn.Module,
    block: Block,
    samples: tuple[Sample, ...],
    readers: tuple[_Reader, ...],
    magnitude: Tensor,
    ratios: int,
) -> Tensor:
    """Return the scale (in) at which the inspected module's output has the least squared error."""
    calls = tuple(_call(inspected, block, sample) for sample in samples)
    candidates = [_scale(magnitude, index / ratios) for index in range(ratios)]
    losses = [_loss(inspected, calls, readers, scale) for scale in candidates]
    return candidates[losses.index(min(losses))]


def _scale(magnitude: Tensor, ratio: float) -> Tensor:
    """Return magnitude^ratio, divided by the root of its largest times its smallest value."""
    scale = magnitude.pow(ratio).clamp(min=SMALLEST)
    return scale / (scale.max() * scale.min()).sqrt()


def _loss(
    inspected: nn.Module, calls: tuple[_Call, ...], readers: tuple[_Reader, ...], scale: Tensor
) -> float:
    """Return the squared error of the inspected module's output with its readers scaled and rounded."""
    names = {module: name for name, module in inspected.named_modules()}
    weights = {
        f"{names[reader.module]}.weight".removeprefix("."): reader.rounded(scale) for reader in readers
    }
    total = 0.0
    with _dividing(readers, scale):
        for call in calls:
            output = functional_call(inspected, weights, call.args, dict(call.keywords))
            total += float((_kept_output(output, call.sample) - call.target).square().sum())
    return total


@contextmanager
def _dividing(readers: tuple[_Reader, ...], scale: Tensor) -> Iterator[None]:
    """Let the readers divide what comes in, and round it to their activation formats, for a while."""
    hooks = [reader.module.register_forward_pre_hook(reader.divides(scale)) for reader in readers]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _call(inspected: nn.Module, block: Block, sample: Sample) -> _Call:
    """Run the float block until the inspected module has been called."""
    caught: list[_Call] = []

    def catch(_: nn.Module, args: tuple[object, ...], keywords: dict[str, object], output: Tensor) -> None:
        caught.append(_Call(args, keywords, sample, _kept_output(output, sample)))
        raise Reached

    hook = inspected.register_forward_hook(catch, with_kwargs=True)
    try:
        block.teacher_output(sample)
    except Reached:
        pass
    finally:
        hook.remove()
    return caught[0]


def _kept_output(output: Tensor | tuple[Tensor, ...], sample: Sample) -> Tensor:
    """Return a module's output, or the first of several, on the tokens that carry data: (tokens, out)."""
    return kept(output[0] if isinstance(output, tuple) else output, sample)


def _enough(samples: tuple[Sample, ...], tokens: int) -> tuple[Sample, ...]:
    """Return evenly spaced samples that have about so many tokens, padding included, or all of them."""
    total = sum(sample.teacher_input.shape[:2].numel() for sample in samples)
    return samples[:: max(1, -(-total // tokens))]
