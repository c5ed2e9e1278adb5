"""In which order a block runs its layers, which of them read one tensor, and which end a part of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from quant.blocks.block import Block
from quant.blocks.shortcuts import Tail, tails_of
from quant.plan import PlannedLayer
from traces.errors import EdgeAsrError
from traces.formats import Format

T = TypeVar("T")

Readers = tuple[PlannedLayer, ...]
"""Layers that multiply the same numbers: they read one tensor and round it alike."""


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """The layers of a block as the student runs them, and by its last layer each part that ends with one."""

    readers: tuple[Readers, ...]
    tails: Mapping[str, Tail]

    def tails_of(self, layers: Iterable[str]) -> tuple[Tail, ...]:
        """Return the parts that end with some of the layers, by their full names."""
        return tuple(self.tails[layer] for layer in layers if layer in self.tails)


def order_of(block: Block) -> Order:
    """Return the order of a block's layers, found by running one sample: no family's names are needed.

    Raises:
        EdgeAsrError: if a layer is never run.
    """
    arrived: dict[str, Tensor] = {}
    left: dict[str, Tensor] = {}
    outputs: dict[str, object] = {}
    hooks = []
    for layer in block.layers:
        module = block.module(layer.module, student=True)
        hooks.append(module.register_forward_pre_hook(_arrival(layer.module, arrived), prepend=True))
        hooks.append(module.register_forward_hook(_departure(block.local(layer.module), left)))
    for name, part in block.student.named_children():
        hooks.append(part.register_forward_hook(_departure(name, outputs)))
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
    names = {block.local(name): name for name in arrived}
    tails = {names[tail.layer]: tail for tail in tails_of(outputs, left)}
    return Order(tuple(tuple(group) for group in readers.values()), tails)


def _arrival(name: str, arrived: dict[str, Tensor]) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
    def arrive(_: nn.Module, args: tuple[Tensor, ...]) -> None:
        arrived[name] = args[0]  # kept, so that no other tensor gets its id meanwhile

    return arrive


def _departure(name: str, left: dict[str, T]) -> Callable[[nn.Module, object, T], None]:
    def leave(_: nn.Module, __: object, output: T) -> None:
        left[name] = output

    return leave
