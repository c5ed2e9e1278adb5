"""Learnable equivalent transformation (OmniQuant, arXiv 2308.13137, section 3.3): channel scales and shifts.

Scales are learned on the exact pairs of `quant.scale_pairs`. A norm's output is also shifted where that is
exact: the norm has a bias to take the shift from, and every reader a bias to give it back by. A key
projection needs none: what is missing is the same for all keys and cancels in the softmax, unless a rotation
(RoPE) makes it differ by position. So Whisper's norms are shifted, but for the one that all cross-attention
keys and values read, where what cancels later would count as an error of the block's output. Moonshine's
norms have no bias. Values are scaled but not shifted: quantized probabilities do not sum to 1.
"""

import torch
from torch import Tensor

from quant.blocks.block import Block, observe
from quant.methods.smoothquant import smoothing_scale
from quant.scale_pairs import PairKind, ScalePair, folded, pair_parameters, scale_pairs


class Transform:
    """Channel scales and shifts of a block while they are learned.

    A scale is what SmoothQuant would choose times exp of a variable: so it stays positive, and near 1 a step
    of the variable is a step of the scale. A shift starts in the middle of what its channel gives. Queries
    and keys start unscaled; they take part where attention rounds them.
    """

    def __init__(self, block: Block, *, alpha: float) -> None:
        exact = scale_pairs(block)
        self._pairs = tuple(pair for pair in exact if _matters(pair, block))
        self._given = pair_parameters(block, self._pairs)
        reading = tuple(pair for pair in self._pairs if pair.kind is not PairKind.QUERY_KEY)
        self.shifts: dict[ScalePair, Tensor] = {}
        self._start = {
            pair: torch.ones(pair.n_values, device=self._given[f"{pair.source}.weight"].device)
            for pair in self._pairs
        }
        for pair, (low, high) in zip(reading, _ends(block, reading), strict=True):
            if _can_shift(pair, self._given, keys=_unrotated_keys(exact)):
                self.shifts[pair] = (low + high) / 2
                low, high = (low - high) / 2, (high - low) / 2
            weights = tuple(self._given[f"{target}.weight"] for target in pair.targets)
            self._start[pair] = smoothing_scale(torch.maximum(-low, high), weights, alpha=alpha)
        self.variables = {pair: torch.zeros_like(start) for pair, start in self._start.items()}

    def learned(self) -> list[Tensor]:
        """Return all variables as leaves that take gradients."""
        return [each.requires_grad_() for each in (*self.variables.values(), *self.shifts.values())]

    def parameters(self) -> dict[str, Tensor]:
        """Return all weights and biases that scales and shifts change, by full name."""
        found = dict(self._given)
        for pair, shift in self.shifts.items():
            found[f"{pair.source}.bias"] = found[f"{pair.source}.bias"] - shift
            for target in pair.targets:
                if f"{target}.bias" in found:
                    found[f"{target}.bias"] = found[f"{target}.bias"] + found[f"{target}.weight"] @ shift
        for pair in self._pairs:
            found |= folded(found, pair, scale=self._scale(pair))
        return found

    def channel_scales(self) -> dict[str, Tensor]:
        """Return what channels are divided by, by the module that writes them."""
        return {pair.source: pair.per_channel(self._scale(pair)).detach() for pair in self._pairs}

    def _scale(self, pair: ScalePair) -> Tensor:
        return self._start[pair] * self.variables[pair].exp()


def _matters(pair: ScalePair, block: Block) -> bool:
    """Whether an activation is rounded that the pair scales."""
    if pair.kind is PairKind.QUERY_KEY:
        attention = block.module(pair.source.rpartition(".")[0], student=True)
        formats = getattr(attention, "attention_formats", None)
        return formats is not None and not (formats.query.is_float and formats.kv.is_float)
    rounding = {layer.module for layer in block.layers if not layer.activation.is_float}
    return not rounding.isdisjoint(pair.targets)


def _unrotated_keys(pairs: tuple[ScalePair, ...]) -> frozenset[str]:
    """Return the key projections to all of whose keys the same may be added."""
    return frozenset(
        key
        for pair in pairs
        if pair.kind is PairKind.QUERY_KEY and pair.n_rotated == 0
        for key in pair.targets
    )


def _can_shift(pair: ScalePair, parameters: dict[str, Tensor], *, keys: frozenset[str]) -> bool:
    """Whether a shift of what the pair's source gives is exact, and no error of the block's output."""
    if pair.kind not in (PairKind.ATTENTION_INPUT, PairKind.MLP_INPUT):
        return False
    return all(f"{name}.bias" in parameters for name in (pair.source, *pair.targets) if name not in keys)


def _ends(block: Block, pairs: tuple[ScalePair, ...]) -> list[tuple[Tensor, Tensor]]:
    """Return the smallest and the largest value of each pair's channels, over all tokens that carry data."""
    found: dict[str, tuple[Tensor, Tensor]] = {}

    def see(name: str, x: Tensor) -> None:
        low, high = x.amin(0), x.amax(0)
        if name in found:
            low, high = torch.minimum(low, found[name][0]), torch.maximum(high, found[name][1])
        found[name] = low, high

    readers = tuple(pair.targets[0] for pair in pairs)  # all targets of a pair read the same
    if readers:
        observe(block, readers, see=see, student=False)
    return [found[name] for name in readers]
