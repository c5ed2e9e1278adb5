"""Cutting long audio into pieces that fit one pass of a recogniser."""

from math import ceil

import numpy as np

from asr.audio import Samples
from traces.workload import SAMPLE_RATE_HZ

FRAME_SAMPLES = SAMPLE_RATE_HZ // 50
"""20 ms, two periods of a low voice: a frame's energy is that of the sound, not of a wave's zero crossing."""

SEARCH_SHARE = 0.25
"""A cut falls within this last share of the window: 7.5 s of 30 s, in which speech nearly always pauses."""


def split_at_pauses(samples: Samples, *, window_s: float) -> tuple[Samples, ...]:
    """Cut audio into pieces of at most `window_s` seconds, each at the quietest 20 ms near the window's end.

    Audio that fits the window comes back whole. Nothing is dropped: the pieces concatenate to the input.
    """
    window = int(window_s * SAMPLE_RATE_HZ)
    pieces = []
    rest = samples
    while rest.size > window:
        cut = _quietest(rest, start=ceil(window * (1 - SEARCH_SHARE)), stop=window)
        pieces.append(rest[:cut])
        rest = rest[cut:]
    return (*pieces, rest)


def _quietest(samples: Samples, *, start: int, stop: int) -> int:
    """Return the middle of the frame of least energy between two sample positions."""
    n_frames = (stop - start) // FRAME_SAMPLES
    frames = samples[start : start + n_frames * FRAME_SAMPLES].reshape(n_frames, FRAME_SAMPLES)
    energies = np.square(frames).sum(axis=1)
    return start + int(energies.argmin()) * FRAME_SAMPLES + FRAME_SAMPLES // 2
