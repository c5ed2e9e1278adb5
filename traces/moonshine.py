"""Moonshine's phases. It hears raw samples, and its cost follows the audio."""

from typing import Any

import torch
from torch import nn

from traces.decoder_phases import EXAMPLE_BATCH, PREFIX, trace_cross_kv, trace_decoder
from traces.dims import Dim
from traces.export import trace_module
from traces.graph import Graph
from traces.workload import AUDIO_SAMPLES, BATCH, Phase

EXAMPLE_SAMPLES = 48_000


class Encode(nn.Module):
    """The encoder on raw audio."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        """Encode samples: (batch, audio_samples) -> (batch, (audio_samples - 127) // 384 - 1, d)."""
        encoded: torch.Tensor = self.network.model.encoder(samples).last_hidden_state
        return encoded


def trace_moonshine(network: Any, name: str, *, prompt_tokens: int) -> tuple[Graph, ...]:
    """Return the graphs of a MoonshineForConditionalGeneration, in the order of the phases."""
    device = network.model.encoder.conv1.weight.device
    encode = trace_module(
        Encode(network),
        (torch.empty((EXAMPLE_BATCH, EXAMPLE_SAMPLES), device=device),),
        name=name,
        phase=Phase.ENCODE,
        dynamic_shapes=({0: BATCH, 1: AUDIO_SAMPLES},),
        prefix=PREFIX,
    )
    positions = encoder_positions(encode)
    length = int(positions.at({AUDIO_SAMPLES: EXAMPLE_SAMPLES}))
    encoded = torch.empty((EXAMPLE_BATCH, length, network.config.hidden_size), device=device)
    return (
        encode,
        trace_cross_kv(network, name, encoded=encoded, encoded_tokens=positions),
        trace_decoder(
            network,
            name,
            encoded=encoded,
            encoded_tokens=positions,
            phase=Phase.PREFILL,
            tokens=prompt_tokens,
        ),
        trace_decoder(network, name, encoded=encoded, encoded_tokens=positions, phase=Phase.DECODE, tokens=1),
    )


def encoder_positions(encode: Graph) -> Dim:
    """Return the encoder's positions as the traced encoder spells them."""
    return encode.tensor_table()[encode.outputs[0]].shape[1]
