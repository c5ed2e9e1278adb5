"""Moonshine streaming's phases, over a whole utterance as transformers computes it.

The encoder's sliding windows (20 positions at most) are masks in transformers, so its attention is dense and
is counted dense here; a streaming runtime that computes the band alone, chunk by chunk, does less.
"""

from typing import Any

import torch
from torch import nn

from traces.decoder_phases import KeyValue, project_keys_and_values, trace_decoder_phases
from traces.encoder_phase import EXAMPLE_BATCH, encoder_positions, trace_encoder
from traces.graph import Graph
from traces.workload import AUDIO_SAMPLES, BATCH

FRAME_SAMPLES = 80
"""5 ms; the audio is padded to whole frames."""

EXAMPLE_FRAMES = 600
FRAMES = f"({AUDIO_SAMPLES} + {FRAME_SAMPLES - 1}) // {FRAME_SAMPLES}"


class EncodeFrames(nn.Module):
    """The encoder on raw audio in frames."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, heard: torch.Tensor) -> torch.Tensor:
        """Encode heard: (batch, frames, 80) -> (batch, ceil(frames / 4), d)."""
        encoded: torch.Tensor = self.network.model.encoder(heard.flatten(1)).last_hidden_state
        return encoded


class AdaptedCrossKeyValue(nn.Module):
    """Adds positions to the encoder output, brings it to the decoder's width, and projects it per layer."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, encoded: torch.Tensor) -> list[KeyValue]:
        """Project encoded: (batch, n, encoder_d) -> per layer (batch, heads, n, head_d) twice."""
        decoder = self.network.model.decoder
        positions = decoder.pos_emb(torch.arange(encoded.shape[1], device=encoded.device))
        return project_keys_and_values(self.network, decoder.proj(encoded + positions))


def trace_moonshine_streaming(network: Any, name: str, *, prompt_tokens: int) -> tuple[Graph, ...]:
    """Return the graphs of a MoonshineStreamingForConditionalGeneration, in the order of the phases."""
    device = network.model.decoder.embed_tokens.weight.device
    frames = torch.empty((EXAMPLE_BATCH, EXAMPLE_FRAMES, FRAME_SAMPLES), device=device)
    encode = trace_encoder(
        EncodeFrames(network), name, heard=frames, hears="frames", axes={0: BATCH, 1: FRAMES}
    )
    positions = encoder_positions(encode)
    length = int(positions.at({AUDIO_SAMPLES: EXAMPLE_FRAMES * FRAME_SAMPLES}))
    width = network.config.encoder_config.hidden_size
    encoded = torch.empty((EXAMPLE_BATCH, length, width), device=device)
    decoder = trace_decoder_phases(
        network,
        name,
        encoded=encoded,
        encoded_tokens=positions,
        prompt_tokens=prompt_tokens,
        projection=AdaptedCrossKeyValue(network),
    )
    return (encode, *decoder)
