"""Which layers read the channels that a transform has divided by a scale."""

from collections.abc import Iterator, Mapping

from torch import Tensor, nn

from quant.blocks.block import Block
from quant.blocks.layout import layout_of
from quant.blocks.walk import CROSS, CrossKeysValues
from quant.scale_pairs import PairKind, scale_pairs


def scales_by_reader(model: nn.Module, scales: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return channel scales, (channels,), given by the module whose output they divide, by what reads it.

    Scales between query and key are left out: no layer reads what they divide.

    Raises:
        EdgeAsrError: if there are scales, and the network is built unlike Whisper and Moonshine.
    """
    if not scales:
        return {}
    return {
        target: scales[pair.source]
        for block in _blocks(model)
        for pair in scale_pairs(block)
        if pair.source in scales and pair.kind is not PairKind.QUERY_KEY
        for target in pair.targets
    }


def _blocks(model: nn.Module) -> Iterator[Block]:
    """Yield the float network's blocks, without data."""
    layout = layout_of(model)
    for name in (*layout.encoder, *layout.decoder):
        layer = model.get_submodule(name)
        yield Block(name, (), layer, layer, {name: ""}, ())
    projections = (*layout.cross_keys, *layout.cross_values)
    cross = CrossKeysValues(
        model.get_submodule(layout.encoder_norm), [model.get_submodule(name) for name in projections]
    )
    inside = {name: f"projections.{index}" for index, name in enumerate(projections)}
    yield Block(CROSS, (), cross, cross, {layout.encoder_norm: "norm", **inside}, ())
