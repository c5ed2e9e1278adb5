"""Waveform and spectrogram augmentation; all randomness comes from the generator passed in."""

from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from scipy import fft
from torch import Tensor

from training.synthesis import SAMPLE_RATE_HZ

Samples = npt.NDArray[np.float32]
Rng = np.random.Generator

SPEEDS: Final = (0.87, 1.15)
"""Playing faster raises the pitch too, which also makes other speakers of one."""


def change_speed(samples: Samples, *, factor: float) -> Samples:
    """Resample by linear interpolation to `len(samples) / factor` samples."""
    positions = np.arange(0.0, len(samples) - 1, factor)
    return np.asarray(np.interp(positions, np.arange(len(samples)), samples), dtype=np.float32)


def coloured_noise(rng: Rng, n_samples: int) -> Samples:
    """Return noise of unit power with a 1/f^slope power spectrum, slope drawn from 0 (white) to 2 (brown)."""
    n_fft = fft.next_fast_len(n_samples, real=True)
    spectrum = fft.rfft(rng.standard_normal(n_fft, dtype=np.float32))
    frequency = np.maximum(np.arange(len(spectrum), dtype=np.float32), 20 * n_fft / SAMPLE_RATE_HZ)
    slope = np.float32(-0.5 * rng.uniform(0.0, 2.0))
    shaped = fft.irfft(spectrum * frequency**slope, n_fft)[:n_samples]
    return np.asarray(shaped / (np.sqrt(np.mean(shaped**2)) + 1e-12), dtype=np.float32)


def colour_channel(samples: Samples, rng: Rng) -> Samples:
    """Pass samples through a random room and microphone.

    The room is noise that decays by 60 dB in 0.1 to 0.5 s, behind the direct sound; the microphone a smooth
    random equaliser of up to +-8 dB, sometimes with a band limit or with one band missing. Length is kept.
    """
    n_fft = fft.next_fast_len(len(samples) + SAMPLE_RATE_HZ // 2, real=True)
    spectrum = fft.rfft(samples, n_fft)
    knots_db = rng.uniform(-8.0, 8.0, 9)
    frequency = np.linspace(0.0, 1.0, len(spectrum))
    gain = 10 ** (np.interp(frequency**0.5, np.linspace(0.0, 1.0, 9), knots_db) / 20)
    if rng.random() < 0.25:
        gain[frequency > rng.uniform(0.42, 0.9)] *= 0.01
    if rng.random() < 0.4:
        centre, width = rng.uniform(0.0, 0.8), rng.uniform(0.02, 0.12)
        gain[np.abs(frequency - centre) < width / 2] *= 0.01
    if rng.random() < 0.4:
        spectrum = spectrum * fft.rfft(_room(rng), n_fft)
    return np.asarray(fft.irfft(spectrum * gain, n_fft)[: len(samples)], dtype=np.float32)


def _room(rng: Rng) -> Samples:
    reverberation_s = rng.uniform(0.1, 0.5)
    time_s = np.arange(int(reverberation_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tail = rng.standard_normal(len(time_s)) * 10 ** (-3 * time_s / reverberation_s)
    tail *= rng.uniform(0.1, 0.7) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return tail.astype(np.float32)


def add_noise(samples: Samples, noise: Samples, *, snr_db: float) -> Samples:
    """Add unit-power noise at a signal-to-noise ratio."""
    power = float(np.mean(samples**2))
    return samples + noise * np.float32(np.sqrt(power * 10 ** (-snr_db / 10)))


def augment(samples: Samples, rng: Rng, *, longest_s: float) -> Samples:
    """Return one random rendition: speed, silence around, channel, noise, time masks and gain."""
    slowest = len(samples) / (longest_s * SAMPLE_RATE_HZ)
    samples = change_speed(samples, factor=max(slowest, rng.uniform(*SPEEDS)))
    room = int(longest_s * SAMPLE_RATE_HZ) - len(samples)
    before = int(min(max(room, 0), rng.uniform(0.0, 0.4) * SAMPLE_RATE_HZ))
    after = int(min(max(room - before, 0), rng.uniform(0.0, 0.4) * SAMPLE_RATE_HZ))
    samples = np.pad(samples, (before, after))
    if rng.random() < 0.6:
        samples = colour_channel(samples, rng)
    if rng.random() < 0.6:
        samples = add_noise(samples, coloured_noise(rng, len(samples)), snr_db=rng.uniform(5.0, 35.0))
    for _ in range(rng.integers(0, 3)):
        width = int(rng.uniform(0.02, 0.12) * SAMPLE_RATE_HZ)
        start = int(rng.integers(0, max(1, len(samples) - width)))
        samples[start : start + width] *= np.float32(0.01)
    return set_peak(samples, rng)


def set_peak(samples: Samples, rng: Rng) -> Samples:
    """Scale the loudest sample to a level between -26 and 0 dB of full scale."""
    peak = 10 ** (rng.uniform(-26.0, 0.0) / 20)
    return samples * np.float32(peak / (np.max(np.abs(samples)) + 1e-9))


def draw_silence(rng: Rng, *, length_s: float) -> Samples:
    """Return a clip without speech: digital silence, coloured noise, hum or clicks, below -14 dB."""
    n_samples = int(length_s * SAMPLE_RATE_HZ)
    kind = rng.integers(0, 4)
    if kind == 0:
        return np.zeros(n_samples, dtype=np.float32)
    sound = 0.2 * coloured_noise(rng, n_samples)
    if kind == 2:
        time_s = np.arange(n_samples, dtype=np.float32) / SAMPLE_RATE_HZ
        harmonics = sum(
            rng.random() * np.sin(2 * np.pi * 50 * k * rng.uniform(0.9, 1.3) * time_s) for k in range(1, 5)
        )
        sound = 0.1 * sound + np.asarray(harmonics, dtype=np.float32)
    if kind == 3:
        clicks = rng.random(n_samples) < rng.uniform(0.5, 8.0) / SAMPLE_RATE_HZ
        sound = 0.05 * sound + np.convolve(
            clicks, np.exp(-np.arange(200) / 30) * rng.standard_normal(200), "same"
        )
    level = 10 ** (rng.uniform(-66.0, -14.0) / 20)
    return np.asarray(sound * (level / (np.max(np.abs(sound)) + 1e-9)), dtype=np.float32)


def mask_spectrogram(features: Tensor, rng: Rng) -> Tensor:
    """Blank up to two bands of 10 mel bins and two spans of 12 frames per utterance (SpecAugment).

    features: (batch, mel, frame); blanked cells take the utterance's mean. Park et al., arXiv:1904.08779.
    """
    batch, n_mel, n_frames = features.shape
    keep = torch.ones_like(features, dtype=torch.bool)
    for row in range(batch):
        for _ in range(rng.integers(0, 3)):
            width, start = int(rng.integers(0, 11)), int(rng.integers(0, n_mel - 10))
            keep[row, start : start + width] = False
            width, start = int(rng.integers(0, 13)), int(rng.integers(0, max(1, n_frames - 12)))
            keep[row, :, start : start + width] = False
    return torch.where(keep, features, features.mean(dim=(1, 2), keepdim=True))
