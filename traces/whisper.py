"""Whisper's phases. The encoder sees a fixed window, whatever the audio's length."""

from typing import Any

import torch
from torch import nn

from traces.decoder_phases import EXAMPLE_BATCH, PREFIX, trace_cross_kv, trace_decoder
from traces.dims import Dim
from traces.export import trace_module
from traces.graph import Graph
from traces.spectrogram import HOP_SAMPLES, log_mel
from traces.workload import BATCH, SAMPLE_RATE_HZ, Phase

FRAMES_PER_POSITION = 2
"""conv2's stride: two log-mel frames make one encoder position."""


class Encode(nn.Module):
    """The encoder on a log-mel spectrogram."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Encode features: (batch, mels, frames) -> (batch, frames // 2, d)."""
        encoded: torch.Tensor = self.network.model.encoder(features).last_hidden_state
        return encoded


def window_s(config: Any) -> float:
    """Return the seconds of audio that the encoder always sees."""
    return float(config.max_source_positions * FRAMES_PER_POSITION * HOP_SAMPLES / SAMPLE_RATE_HZ)


def trace_whisper(network: Any, name: str, *, prompt_tokens: int) -> tuple[Graph, ...]:
    """Return the graphs of a WhisperForConditionalGeneration, in the order of the phases."""
    config = network.config
    device = network.model.encoder.conv1.weight.device
    frames = config.max_source_positions * FRAMES_PER_POSITION
    encode = trace_module(
        Encode(network),
        (torch.empty((EXAMPLE_BATCH, config.num_mel_bins, frames), device=device),),
        name=name,
        phase=Phase.ENCODE,
        dynamic_shapes=({0: BATCH},),
        prefix=PREFIX,
    )
    positions = Dim.of(config.max_source_positions)
    encoded = torch.empty((EXAMPLE_BATCH, config.max_source_positions, config.d_model), device=device)
    return (
        log_mel(name, frames=frames, mels=config.num_mel_bins),
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
