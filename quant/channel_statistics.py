"""How large each channel is that the targets of channel-scale pairs read, on the float path."""

import torch
from torch import Tensor

from quant.blocks.block import Block, observe
from quant.scale_pairs import ScalePair


def channel_absmax(block: Block, pairs: tuple[ScalePair, ...]) -> tuple[Tensor, ...]:
    """Return the largest magnitude of each pair's channels (n_channels), over all tokens that carry data."""
    largest: dict[str, Tensor] = {}

    def see(name: str, x: Tensor) -> None:
        found = x.abs().amax(0)
        largest[name] = torch.maximum(largest[name], found) if name in largest else found

    observe(block, _readers(pairs), see=see, student=False)
    return tuple(largest[name] for name in _readers(pairs))


def channel_mean_magnitude(block: Block, pairs: tuple[ScalePair, ...]) -> tuple[Tensor, ...]:
    """Return the mean magnitude of each pair's channels (n_channels), over all tokens that carry data."""
    sums: dict[str, Tensor] = {}
    n_tokens = dict.fromkeys(_readers(pairs), 0)

    def see(name: str, x: Tensor) -> None:
        found = x.abs().sum(0, dtype=torch.float64)
        sums[name] = sums[name] + found if name in sums else found
        n_tokens[name] += len(x)

    observe(block, _readers(pairs), see=see, student=False)
    return tuple((sums[name] / n_tokens[name]).float() for name in _readers(pairs))


def _readers(pairs: tuple[ScalePair, ...]) -> tuple[str, ...]:
    """Return one target of each pair; all of a pair's targets read the same."""
    return tuple(pair.targets[0] for pair in pairs)
