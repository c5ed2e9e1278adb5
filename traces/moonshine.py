"""Moonshine's phases. It hears raw samples, and its cost follows the audio."""

from typing import Any

import torch

from traces.decoder_phases import trace_decoder_phases
from traces.encoder_phase import EXAMPLE_BATCH, Encode, encoder_positions, trace_encoder
from traces.graph import Graph
from traces.workload import AUDIO_SAMPLES, BATCH

EXAMPLE_SAMPLES = 48_000


def trace_moonshine(network: Any, name: str, *, prompt_tokens: int) -> tuple[Graph, ...]:
    """Return the graphs of a MoonshineForConditionalGeneration, in the order of the phases.

    The encoder turns samples: (batch, audio_samples) into (batch, (audio_samples - 127) // 384 - 1, d).
    """
    device = network.model.encoder.conv1.weight.device
    samples = torch.empty((EXAMPLE_BATCH, EXAMPLE_SAMPLES), device=device)
    encode = trace_encoder(
        Encode(network), name, heard=samples, hears="samples", axes={0: BATCH, 1: AUDIO_SAMPLES}
    )
    positions = encoder_positions(encode)
    length = int(positions.at({AUDIO_SAMPLES: EXAMPLE_SAMPLES}))
    encoded = torch.empty((EXAMPLE_BATCH, length, network.config.hidden_size), device=device)
    decoder = trace_decoder_phases(
        network, name, encoded=encoded, encoded_tokens=positions, prompt_tokens=prompt_tokens
    )
    return (encode, *decoder)
