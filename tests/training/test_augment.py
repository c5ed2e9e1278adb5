import numpy as np
import pytest
import torch

from training.augment import (
    add_noise,
    augment,
    change_speed,
    coloured_noise,
    draw_silence,
    mask_spectrogram,
)
from training.synthesis import SAMPLE_RATE_HZ


def tone(n_samples: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.asarray(np.sin(0.1 * np.arange(n_samples)), dtype=np.float32)


@pytest.mark.parametrize("factor", [0.5, 1.25, 2.0])
def test_speed_divides_the_length(factor: float) -> None:
    assert len(change_speed(tone(8001), factor=factor)) == 8000 / factor


def test_faster_is_higher() -> None:
    expected = np.sin(0.2 * np.arange(100))
    np.testing.assert_allclose(change_speed(tone(1000), factor=2.0)[:100], expected, atol=1e-5)


def test_noise_has_the_power_asked_for() -> None:
    rng = np.random.default_rng(0)
    speech, noise = tone(20_000), coloured_noise(rng, 20_000)
    added = add_noise(speech, noise, snr_db=10.0) - speech
    assert np.mean(speech**2) / np.mean(added**2) == pytest.approx(10.0, rel=0.02)


@pytest.mark.parametrize("seed", range(12))
def test_a_rendition_keeps_within_the_longest_length_and_full_scale(seed: int) -> None:
    rendition = augment(tone(3 * SAMPLE_RATE_HZ), np.random.default_rng(seed), longest_s=3.2)
    assert rendition.dtype == np.float32
    assert len(rendition) <= 3.2 * SAMPLE_RATE_HZ
    assert np.all(np.isfinite(rendition))
    assert 10 ** (-26.5 / 20) < np.max(np.abs(rendition)) <= 1.0


def test_same_generator_same_rendition() -> None:
    first, second = (augment(tone(9000), np.random.default_rng(1), longest_s=2.0) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("seed", range(12))
def test_silence_is_quiet_and_of_the_length_asked_for(seed: int) -> None:
    silence = draw_silence(np.random.default_rng(seed), length_s=1.5)
    assert silence.shape == (24_000,)
    assert np.max(np.abs(silence)) <= 10 ** (-14 / 20)


def test_masked_cells_take_the_mean_and_the_others_stay() -> None:
    features = torch.randn(8, 80, 200)
    masked = mask_spectrogram(features, np.random.default_rng(2))
    changed = masked != features
    means = features.mean(dim=(1, 2), keepdim=True).expand_as(features)
    assert torch.equal(masked[changed], means[changed])
    assert 0 < changed.float().mean() < 0.4  # at most 2 * 10 / 80 + 2 * 12 / 200
