"""Start Moonshine's waveform stem as a mel-spaced filter bank, which little data could not teach it."""

import numpy as np
import torch
from torch import Tensor, nn

from training.synthesis import SAMPLE_RATE_HZ

TAPS_IN_WINDOW = np.hanning(9)[1:-1]
"""Weights by which conv2 joins seven 8 ms windows, 4 ms apart, into one of about 32 ms."""


def init_stem_(conv1: nn.Conv1d, conv2: nn.Conv1d) -> None:
    """Set conv1 to cosine and sine pairs on a mel scale, and conv2 to both signs of their phase-aligned sums.

    conv1.weight: (2 * bands, 1, 127); conv2.weight: (4 * bands, 2 * bands, 7). Behind conv2's GELU the four
    phases of a band add up to its magnitude, as in a spectrogram. Other weights keep a tenth of their start.
    """
    width, kernel = conv1.out_channels, conv1.kernel_size[0]
    centres_hz = _mel_spaced(width // 2, low_hz=80.0, high_hz=7_200.0)
    time_s = (np.arange(kernel) - kernel // 2) / SAMPLE_RATE_HZ
    phase = 2 * np.pi * centres_hz[:, None] * time_s
    window = np.hamming(kernel) * 4.0 / kernel
    tilt = (centres_hz[:, None] / 300.0) ** 0.5  # speech falls by about 6 dB an octave
    step = 2 * np.pi * centres_hz * conv1.stride[0] / SAMPLE_RATE_HZ
    with torch.no_grad():
        conv1.weight[0::2, 0] = _tensor(np.cos(phase) * window * tilt)
        conv1.weight[1::2, 0] = _tensor(np.sin(phase) * window * tilt)
        conv2.weight.mul_(0.1)
        bands = torch.arange(width // 2)
        for tap, weight in enumerate(TAPS_IN_WINDOW):
            turn = step * (tap - len(TAPS_IN_WINDOW) // 2)
            cosine, sine = _tensor(0.5 * weight * np.cos(turn)), _tensor(0.5 * weight * np.sin(turn))
            for row, sign in ((0, 1.0), (1, -1.0)):
                conv2.weight[4 * bands + row, 2 * bands, tap] = sign * cosine
                conv2.weight[4 * bands + row, 2 * bands + 1, tap] = -sign * sine
                conv2.weight[4 * bands + 2 + row, 2 * bands, tap] = sign * sine
                conv2.weight[4 * bands + 2 + row, 2 * bands + 1, tap] = sign * cosine


def _mel_spaced(count: int, *, low_hz: float, high_hz: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (low_hz, high_hz))  # O'Shaughnessy's mel scale
    return np.asarray(700 * (10 ** (np.linspace(low, high, count) / 2595) - 1))


def _tensor(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Tensor:
    return torch.from_numpy(values).float()
