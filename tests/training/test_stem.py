import numpy as np
import pytest
import torch
from torch import nn

from training.stem import init_stem_


@pytest.mark.parametrize("band", [10, 30, 50])
def test_a_tone_lights_up_the_band_at_its_frequency(band: int) -> None:
    torch.manual_seed(0)
    conv1 = nn.Conv1d(1, 128, kernel_size=127, stride=64, bias=False)
    conv2 = nn.Conv1d(128, 256, kernel_size=7, stride=3)
    init_stem_(conv1, conv2)
    mel = np.linspace(2595 * np.log10(1 + 80 / 700), 2595 * np.log10(1 + 7200 / 700), 64)
    frequency_hz = 700 * (10 ** (mel[band] / 2595) - 1)
    tone = torch.sin(torch.arange(16_000) * (2 * np.pi * frequency_hz / 16_000))
    with torch.no_grad():
        lit = conv2(conv1(tone[None, None])).relu()[0].mean(dim=1)
    magnitudes = lit.reshape(64, 4).sum(dim=1)
    assert abs(int(magnitudes.argmax()) - band) <= 1


def test_four_phases_make_a_steady_magnitude() -> None:
    torch.manual_seed(0)
    conv1 = nn.Conv1d(1, 128, kernel_size=127, stride=64, bias=False)
    conv2 = nn.Conv1d(128, 256, kernel_size=7, stride=3, bias=False)
    nn.init.zeros_(conv2.weight)
    init_stem_(conv1, conv2)
    tone = torch.sin(torch.arange(16_000) * (2 * np.pi * 1000.0 / 16_000))
    with torch.no_grad():
        phases = conv2(conv1(tone[None, None]))[0].reshape(64, 4, -1)
    positive_cosine, negative_cosine, positive_sine, negative_sine = phases.unbind(dim=1)
    torch.testing.assert_close(positive_cosine, -negative_cosine)
    torch.testing.assert_close(positive_sine, -negative_sine)
    power = positive_cosine**2 + positive_sine**2
    band = int(power.mean(dim=1).argmax())
    assert power[band].std() < 0.1 * power[band].mean()
