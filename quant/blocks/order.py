"""In which order a block runs its layers, and which of them read one tensor."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from quant.blocks.block import Block
from quant.plan import PlannedLayer
from traces.errors import EdgeAsrError
from traces.formats import Format

Readers = tuple[PlannedLayer, ...]
"""Layers that multiply the same numbers: they read one tensor and round it alike."""


def readers_in_order(block: Block) -> tuple[Readers, ...]:
    """Return the block's layers as the student runs them, those with a common input together.

    Found by running one sample, so that no family's names are needed here.

    Raises:
        EdgeAsrError: if a layer is never run.
    """
    arrived: dict[str, Tensor] = {}
    hooks = [
        block.module(layer.module, student=True).register_forward_pre_hook(
            _arrival(layer.module, arrived), prepend=True
        )
        for layer in block.layers
    ]
    try:
        with torch.no_grad():
            block.student_output(block.samples[0])
    finally:
        for hook in hooks:
            hook.remove()
    layers = {layer.module: layer for layer in block.layers}
    if missing := layers.keys() - arrived.keys():
        raise EdgeAsrError(f"calibration never reached module '{min(missing)}' of block '{block.name}'")
    readers: dict[tuple[int, Format], list[PlannedLayer]] = {}
    for name, x in arrived.items():
        readers.setdefault((id(x), layers[name].activation), []).append(layers[name])
    return tuple(tuple(group) for group in readers.values())


def _arrival(name: str, arrived: dict[str, Tensor]) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
    def arrive(_: nn.Module, args: tuple[Tensor, ...]) -> None:
        arrived[name] = args[0]  # kept, so that no other tensor gets its id meanwhile

    return arrive
