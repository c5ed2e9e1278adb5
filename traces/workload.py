"""The phases of a recogniser, and how often each runs for one utterance; any other network has one phase."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from traces.graph import Graph


class Phase(StrEnum):
    """The parts of recognising one utterance, in order, and the one part of any other network."""

    FRONTEND = "frontend"
    """Log-mel spectrogram; Moonshine has none."""
    ENCODE = "encode"
    CROSS_KV = "cross_kv"
    """Keys and values of the encoder output for every decoder layer."""
    PREFILL = "prefill"
    """The decoder over the prompt tokens, with an empty cache."""
    DECODE = "decode"
    """The decoder over one token; runs once per generated token with `past_tokens` in the cache."""
    FORWARD = "forward"
    """All of a network that is no recogniser; runs once."""


AUDIO_SAMPLES = "audio_samples"
PAST_TOKENS = "past_tokens"
BATCH = "batch"
"""The only symbols a stored graph may use."""

SAMPLE_RATE_HZ = 16_000


@dataclass(frozen=True, slots=True)
class Workload:
    """A recogniser, or any other network, as graphs.

    `prompt_tokens` are fed at once in prefill, which yields the first token; each further one is a decode
    step. `window_s` is the fixed audio window of the encoder (30 s for Whisper), or None where cost follows
    the audio. `parameters` counts every learned number once, tied ones too. A `network` has one graph and
    neither audio nor tokens.
    """

    name: str
    family: Literal["whisper", "moonshine", "network"]
    graphs: tuple[Graph, ...]
    prompt_tokens: int
    max_tokens: int
    window_s: float | None
    parameters: int

    def graph(self, phase: Phase) -> Graph | None:
        """Return the graph of a phase, or None where the recogniser has no such phase."""
        return next((graph for graph in self.graphs if graph.phase == phase), None)
