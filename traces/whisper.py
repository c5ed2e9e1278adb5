"""Whisper's phases. The encoder sees a fixed window, whatever the audio's length."""

from typing import Any

import torch

from traces.decoder_phases import trace_decoder_phases
from traces.dims import Dim
from traces.encoder_phase import EXAMPLE_BATCH, Encode, trace_encoder
from traces.graph import Graph
from traces.spectrogram import HOP_SAMPLES, log_mel
from traces.workload import BATCH, SAMPLE_RATE_HZ

FRAMES_PER_POSITION = 2
"""conv2's stride: two log-mel frames make one encoder position."""


def window_s(config: Any) -> float:
    """Return the seconds of audio that the encoder always sees."""
    return float(config.max_source_positions * FRAMES_PER_POSITION * HOP_SAMPLES / SAMPLE_RATE_HZ)


def trace_whisper(network: Any, name: str, *, prompt_tokens: int) -> tuple[Graph, ...]:
    """Return the graphs of a WhisperForConditionalGeneration, in the order of the phases.

    The encoder turns features: (batch, mels, frames) into (batch, frames // 2, d).
    """
    config = network.config
    device = network.model.encoder.conv1.weight.device
    frames = config.max_source_positions * FRAMES_PER_POSITION
    features = torch.empty((EXAMPLE_BATCH, config.num_mel_bins, frames), device=device)
    encode = trace_encoder(Encode(network), name, heard=features, hears="features", axes={0: BATCH})
    positions = Dim.of(config.max_source_positions)
    encoded = torch.empty((EXAMPLE_BATCH, config.max_source_positions, config.d_model), device=device)
    decoder = trace_decoder_phases(
        network, name, encoded=encoded, encoded_tokens=positions, prompt_tokens=prompt_tokens
    )
    return (log_mel(name, frames=frames, mels=config.num_mel_bins), encode, *decoder)
