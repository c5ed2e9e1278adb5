"""Channel scales that leave the float network as it is: what divides a channel, and what multiplies it again.

A pair is exact where nothing but linear maps lies between its source and its targets: behind a norm, from the
values through the attention's mixing to its output projection, through the linear half of a gated MLP, and
between query and key, whose product is all that counts. fc1 and fc2 around a GELU are no pair: GELU(x / s) is
not GELU(x) / s. Nor are the decoder's last norm and the head, whose weight is also the embedding.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from quant.blocks.block import Block
from quant.blocks.layer_names import layer_names
from quant.blocks.walk import CrossKeysValues
from quant.rotations.names import HADAMARD, QUERY_HADAMARD

if TYPE_CHECKING:
    from transformers import MoonshineConfig


class PairKind(StrEnum):
    """What lies between source and targets."""

    ATTENTION_INPUT = "attention input"
    """A norm, and the projections that read it."""
    CROSS_INPUT = "cross input"
    """The encoder's last norm, and the keys and values of all decoder layers, which share one scale."""
    MLP_INPUT = "MLP input"
    """A norm, and fc1."""
    VALUE = "value"
    """Rows of the value projection, and columns of the output projection."""
    GATED = "gated"
    """The linear rows of a gated fc1, which are its first half, and the columns of fc2."""
    QUERY_KEY = "query-key"
    """Rows of the query projection, and rows of the key projection."""

    @property
    def is_behind_norm(self) -> bool:
        """Whether the source is a norm."""
        return self in (PairKind.ATTENTION_INPUT, PairKind.CROSS_INPUT, PairKind.MLP_INPUT)


@dataclass(frozen=True, slots=True)
class ScalePair:
    """Channels that `source` writes, divided by a scale there and multiplied by it in the `targets`.

    Divided are the first `n_channels` rows of the source's weight and bias; multiplied are the columns of the
    targets' weights, or the rows of weight and bias where the kind is QUERY_KEY. Modules have full names.

    A scale has `n_values` positive values: one per channel, except that of each head of `head_size` channels
    the first `n_rotated` are rotated in pairs of neighbours (RoPE), and a pair shares one value.
    """

    kind: PairKind
    source: str
    targets: tuple[str, ...]
    n_channels: int
    head_size: int = 1
    n_rotated: int = 0

    @property
    def n_values(self) -> int:
        """How many values may be chosen freely."""
        return self.n_channels // self.head_size * (self.head_size - self.n_rotated // 2)

    def per_channel(self, scale: Tensor) -> Tensor:
        """Return the scale (n_values) as one value per channel (n_channels)."""
        n_pairs = self.n_rotated // 2
        heads = scale.reshape(self.n_channels // self.head_size, -1)
        rotated = heads[:, :n_pairs].repeat_interleave(2, dim=1)
        return torch.cat([rotated, heads[:, n_pairs:]], dim=1).flatten()


def scale_pairs(block: Block) -> tuple[ScalePair, ...]:
    """Return the exact pairs of a block.

    Pairs of modules that the student has rounded already are left out: the cross-attention's keys and values
    when a decoder layer's turn comes. So are, in rotated networks, norms without a weight, and pairs with a
    Hadamard transform at run time between source and targets.

    Raises:
        EdgeAsrError: the layer is of neither Whisper nor Moonshine.
    """
    if isinstance(block.teacher, CrossKeysValues):
        norm, *projections = block.prefix
        found = [_behind_norm(block, PairKind.CROSS_INPUT, norm, *projections)]
    else:
        found = _of_layer(block)
    return tuple(pair for pair in found if pair is not None)


def pair_parameters(block: Block, pairs: tuple[ScalePair, ...]) -> dict[str, Tensor]:
    """Return the float weights and biases that the pairs change, by full name."""
    found: dict[str, Tensor] = {}
    for pair in pairs:
        for name in (pair.source, *pair.targets):
            for part, value in block.module(name).named_parameters(recurse=False):
                found[f"{name}.{part}"] = value.detach()
    return found


def folded(parameters: Mapping[str, Tensor], pair: ScalePair, *, scale: Tensor) -> dict[str, Tensor]:
    """Return the parameters that a pair changes, with a scale (n_values) in them; the given ones stay.

    `parameters` hold at least the pair's own (see `pair_parameters`). Pairs are folded one after the other:
    `parameters | folded(parameters, pair, scale)`. Differentiable in the scale.
    """
    per_channel = pair.per_channel(scale)
    changed: dict[str, Tensor] = {}
    for name in _parts(parameters, pair.source):
        changed[name] = parameters[name] / _rows(per_channel, parameters[name])
    for target in pair.targets:
        if pair.kind is PairKind.QUERY_KEY:
            for name in _parts(parameters, target):
                changed[name] = parameters[name] * _rows(per_channel, parameters[name])
        else:
            changed[f"{target}.weight"] = parameters[f"{target}.weight"] * per_channel
    return changed


def _parts(parameters: Mapping[str, Tensor], module: str) -> tuple[str, ...]:
    """Return the names of a module's weight and bias, as far as it has them."""
    return tuple(name for name in (f"{module}.weight", f"{module}.bias") if name in parameters)


def _rows(per_channel: Tensor, parameter: Tensor) -> Tensor:
    """Return factors that broadcast with a parameter, 1 for the rows behind the channels."""
    missing = parameter.shape[0] - per_channel.shape[0]
    factors = nn.functional.pad(per_channel, (0, missing), value=1.0)
    return factors.reshape(-1, *(1,) * (parameter.ndim - 1))


def _of_layer(block: Block) -> list[ScalePair | None]:
    names = layer_names(block.teacher, where=block.name)
    front = f"{block.name}."
    attention, cross, fc1 = f"{front}self_attn.", f"{front}encoder_attn.", front + names.fc1
    pairs = [
        _behind_norm(
            block,
            PairKind.ATTENTION_INPUT,
            front + names.self_norm,
            *(f"{attention}{part}_proj" for part in "qkv"),
        ),
        _between(block, PairKind.VALUE, f"{attention}v_proj", attention + names.out),
        _query_key(block, attention, has_rope=names.has_rope),
        _behind_norm(block, PairKind.MLP_INPUT, front + names.mlp_norm, fc1),
    ]
    if names.cross_norm:
        pairs += [
            _behind_norm(block, PairKind.ATTENTION_INPUT, front + names.cross_norm, f"{cross}q_proj"),
            _between(block, PairKind.VALUE, f"{cross}v_proj", cross + names.out),
            _query_key(block, cross, has_rope=False),
        ]
    if names.is_gated:
        pairs.append(_between(block, PairKind.GATED, fc1, front + names.fc2))
    return pairs


def _behind_norm(block: Block, kind: PairKind, norm: str, *targets: str) -> ScalePair | None:
    weight = getattr(block.module(norm), "weight", None)
    if weight is None or not all(_is_float_linear(block, target) for target in targets):
        return None
    return ScalePair(kind, norm, targets, weight.numel())


def _between(block: Block, kind: PairKind, source: str, target: str) -> ScalePair | None:
    if not (_is_float_linear(block, source) and _is_float_linear(block, target)):
        return None
    if kind is PairKind.GATED and hasattr(block.module(source.rpartition(".")[0]), HADAMARD):
        return None
    n_channels = block.module(target).get_parameter("weight").shape[1]
    n_rows = block.module(source).get_parameter("weight").shape[0]
    # Values that several heads share (grouped queries) have fewer rows than the projection has columns.
    expected = 2 * n_channels if kind is PairKind.GATED else n_channels
    return ScalePair(kind, source, (target,), n_channels) if n_rows == expected else None


def _query_key(block: Block, attention: str, *, has_rope: bool) -> ScalePair | None:
    query, key = f"{attention}q_proj", f"{attention}k_proj"
    if not (_is_float_linear(block, query) and _is_float_linear(block, key)):
        return None
    if hasattr(block.module(attention.removesuffix(".")), QUERY_HADAMARD):
        return None
    n_channels = block.module(query).get_parameter("weight").shape[0]
    if n_channels != block.module(key).get_parameter("weight").shape[0]:
        return None
    module = block.module(attention.removesuffix("."))
    head_size = cast("int", module.head_dim)
    n_rotated = _n_rotated(module, head_size) if has_rope else 0
    return ScalePair(PairKind.QUERY_KEY, query, (key,), n_channels, head_size, n_rotated)


def _n_rotated(attention: nn.Module, head_size: int) -> int:
    """Return how many of a head's first channels Moonshine rotates: a share, rounded up to pairs."""
    config = cast("MoonshineConfig", attention.config)
    share = float(config.rope_parameters.get("partial_rotary_factor", 1.0))
    return -(-int(head_size * share) // 2) * 2


def _is_float_linear(block: Block, name: str) -> bool:
    return type(block.module(name, student=True)) is nn.Linear
