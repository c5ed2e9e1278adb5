"""Activation outliers injected into a network that computes the same as before."""

import torch
from torch import Tensor, nn

from quant.blocks.layout import layout_of

FACTOR = 30.0
APART = 64
"""One channel in so many becomes an outlier."""


def inject_outliers_(model: nn.Module, *, factor: float = FACTOR, apart: int = APART) -> None:
    """Scale some channels of every norm that feeds linear layers up, and their columns down.

    What q, k, v, fc1 and the cross-attention's projections read has channels `factor` times as large as
    before; weights hold the inverse. New parameters are assigned: the old ones may be shared. The decoder's
    last norm, whose reader is tied to the embedding, stays.
    """
    for norm, readers in _norms(model):
        scale = torch.ones(model.get_parameter(f"{norm}.weight").shape)
        scale[5::apart] = factor
        for name, parameter in list(model.get_submodule(norm).named_parameters(recurse=False)):
            setattr(model.get_submodule(norm), name, _fixed(parameter * scale))
        for reader in readers:
            weight = model.get_parameter(f"{reader}.weight")
            model.get_submodule(reader).weight = _fixed(weight / scale)


def _norms(model: nn.Module) -> list[tuple[str, list[str]]]:
    """Return each norm with the linear layers that read it, by name."""
    layout = layout_of(model)
    found = [(layout.encoder_norm, [*layout.cross_keys, *layout.cross_values])]
    for layer in (*layout.encoder, *layout.decoder):
        inside = [name for name, _ in model.get_submodule(layer).named_modules()]
        norms = [f"{layer}.{name}" for name in inside if name.endswith("norm")]
        readers = [[f"{layer}.self_attn.{part}_proj" for part in "qkv"]]
        if layer in layout.decoder:
            readers.append([f"{layer}.encoder_attn.q_proj"])
        readers.append([f"{layer}.{name}" for name in inside if name.endswith("fc1")])
        found.extend(zip(norms, readers, strict=True))
    return found


def _fixed(value: Tensor) -> nn.Parameter:
    return nn.Parameter(value.detach(), requires_grad=False)
