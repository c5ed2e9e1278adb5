from pathlib import Path

import numpy as np
import pytest
import soundfile

from asr.audio import decode_audio, load_audio
from traces.errors import EdgeAsrError


def tone(rate_hz: int, *, frequency_hz: float = 440.0, duration_s: float = 1.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * frequency_hz * np.arange(int(rate_hz * duration_s)) / rate_hz)


def test_samples_of_the_right_rate_come_back_unchanged(tmp_path: Path) -> None:
    samples = tone(16_000).astype(np.float32)
    soundfile.write(tmp_path / "tone.wav", samples, 16_000, subtype="FLOAT")
    loaded = load_audio(tmp_path / "tone.wav")
    assert loaded.dtype == np.float32
    np.testing.assert_array_equal(loaded, samples)


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 44_100, 48_000])
def test_stereo_of_any_rate_becomes_mono_at_16_khz(tmp_path: Path, rate_hz: int) -> None:
    left = tone(rate_hz)
    soundfile.write(tmp_path / "stereo.flac", np.stack([left, np.zeros_like(left)], axis=1), rate_hz)
    loaded = load_audio(tmp_path / "stereo.flac")
    assert loaded.shape == (16_000,)
    inner = slice(800, -800)  # the filter rings at the ends
    np.testing.assert_allclose(loaded[inner], 0.5 * tone(16_000)[inner], atol=2e-3)


def test_bytes_decode_like_the_file(tmp_path: Path) -> None:
    path = tmp_path / "tone.ogg"
    soundfile.write(path, tone(24_000), 24_000)
    np.testing.assert_array_equal(decode_audio(path.read_bytes(), name="row 3"), load_audio(path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EdgeAsrError, match=r"'.*gone\.wav' does not exist"):
        load_audio(tmp_path / "gone.wav")


def test_a_file_that_is_no_audio_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.wav").write_text("not audio")
    with pytest.raises(EdgeAsrError, match=r"notes\.wav' is not audio") as caught:
        load_audio(tmp_path / "notes.wav")
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_audio_are_named() -> None:
    with pytest.raises(EdgeAsrError, match=r"'ami, row 7' is not audio"):
        decode_audio(b"not audio", name="ami, row 7")


def test_zero_length_is_an_error(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 16_000)
    with pytest.raises(EdgeAsrError, match=r"empty\.wav' holds no samples"):
        load_audio(tmp_path / "empty.wav")


def test_a_file_of_no_bytes_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "cut.wav").touch()
    with pytest.raises(EdgeAsrError, match=r"cut\.wav' is a file of 0 bytes"):
        load_audio(tmp_path / "cut.wav")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_no_numbers_are_an_error_that_says_where(tmp_path: Path, value: float) -> None:
    samples = tone(16_000)
    samples[8_000] = value
    soundfile.write(tmp_path / "bad.wav", samples, 16_000, subtype="FLOAT")
    with pytest.raises(EdgeAsrError, match=r"bad\.wav' holds 1 samples.*the first at 0\.500 s"):
        load_audio(tmp_path / "bad.wav")
