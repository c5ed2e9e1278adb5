"""The encoder's phase, the same for Whisper and Moonshine but for what the encoder hears."""

from typing import Any

import torch
from torch import nn

from traces.dims import Dim
from traces.export import trace_module
from traces.graph import Graph
from traces.symbols import Axes
from traces.workload import Phase

PREFIX = "network."
"""Where the network stands in the modules that wrap it for tracing."""
EXAMPLE_BATCH = 2
"""Size of the example inputs; anything above 1 that no other extent has serves."""


class Encode(nn.Module):
    """The encoder on what it hears."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, heard: torch.Tensor) -> torch.Tensor:
        """Encode heard: (batch, ...), a spectrogram or samples -> (batch, positions, d)."""
        encoded: torch.Tensor = self.network.model.encoder(heard).last_hidden_state
        return encoded


def trace_encoder(encoder: nn.Module, name: str, *, heard: torch.Tensor, hears: str, axes: Axes) -> Graph:
    """Return the graph of an encoder, such as `Encode`.

    `heard` is an example of what it hears, `hears` what that is called in the graph, and `axes` names its
    extents that vary.
    """
    return trace_module(
        encoder,
        (heard,),
        name=name,
        phase=Phase.ENCODE,
        dynamic_shapes=(axes,),
        prefix=PREFIX,
        input_names={"heard": hears},
    )


def encoder_positions(encode: Graph) -> Dim:
    """Return the encoder's positions as the traced encoder spells them."""
    return encode.tensor_table()[encode.outputs[0]].shape[1]
