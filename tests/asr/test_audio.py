import tracemalloc
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile

from asr.audio import BLOCK_SAMPLES, MOST_SAMPLES, decode_audio, load_audio
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


@pytest.mark.parametrize("rate_hz", [1, 999, 768_001, 2_147_483_647])
def test_a_rate_that_cannot_be_is_an_error(tmp_path: Path, rate_hz: int) -> None:
    """At 1 Hz a kilobyte would become a megabyte; at 2 GHz the resampling filter takes 320 GiB."""
    soundfile.write(tmp_path / "fast.wav", tone(16_000), 16_000)
    header = bytearray((tmp_path / "fast.wav").read_bytes())
    header[24:28] = rate_hz.to_bytes(4, "little")
    (tmp_path / "fast.wav").write_bytes(header)
    with pytest.raises(
        EdgeAsrError, match=rf"fast\.wav' has a rate of {rate_hz} Hz, .* between 1000 and 768000"
    ):
        load_audio(tmp_path / "fast.wav")


@pytest.mark.parametrize(("rate_hz", "n_samples"), [(1_000, 16_000), (768_000, 21)])
def test_the_extreme_rates_are_read(rate_hz: int, n_samples: int) -> None:
    buffer = BytesIO()
    soundfile.write(buffer, tone(16_000)[:1_000], rate_hz, format="WAV")
    assert decode_audio(buffer.getvalue(), name="x").shape == (n_samples,)  # ceil(1000 * 16 kHz / rate)


def claiming(n_samples: int) -> bytes:
    """Return a FLAC file of 1,000 samples whose header counts others (36 bits, 0 for not known)."""
    buffer = BytesIO()
    soundfile.write(buffer, tone(16_000)[:1_000], 16_000, format="FLAC")
    content = bytearray(buffer.getvalue())
    # RFC 9639, section 8.2: the last 36 bits before the digest, which is bytes 18 to 33 of the block at 8.
    content[21] = content[21] & 0xF0 | n_samples >> 32
    content[22:26] = (n_samples & 0xFFFFFFFF).to_bytes(4, "big")
    return bytes(content)


@pytest.mark.parametrize("n_samples", [1_000, 0, MOST_SAMPLES, (1 << 36) - 1])
def test_what_a_file_holds_is_read_whatever_its_header_promises(n_samples: int) -> None:
    """Streams do not know their length, and damaged headers promise 256 GiB (tracemalloc sees numpy's)."""
    content = claiming(n_samples)
    expected = decode_audio(claiming(1_000), name="x")
    assert expected.shape == (1_000,)
    tracemalloc.start()
    try:
        found = decode_audio(content, name="x")
        assert tracemalloc.get_traced_memory()[1] < 2 * 4 * BLOCK_SAMPLES
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(found, expected)


def test_the_promise_is_where_the_test_writes_it() -> None:
    assert soundfile.info(BytesIO(claiming(12_345))).frames == 12_345


@pytest.mark.parametrize(("rate_hz", "most_s"), [(16_000, 0.5), (8_000, 0.5), (32_000, 0.25)])
def test_audio_without_end_is_an_error(rate_hz: int, most_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kilobyte of FLAC can hold hours of silence."""
    monkeypatch.setattr("asr.audio.MOST_SAMPLES", 8_000)
    monkeypatch.setattr("asr.audio.BLOCK_SAMPLES", 1_000)
    for n_samples, fits in ((int(most_s * rate_hz), True), (int(most_s * rate_hz) + 1, False)):
        buffer = BytesIO()
        soundfile.write(buffer, np.zeros(n_samples), rate_hz, format="FLAC")
        if fits:
            assert decode_audio(buffer.getvalue(), name="x").size == most_s * 16_000
        else:
            with pytest.raises(
                EdgeAsrError, match=r"^audio 'x' is longer than the 0\.0 h that are read; cut it"
            ):
                decode_audio(buffer.getvalue(), name="x")


@pytest.mark.parametrize(
    ("container", "subtype"),
    [("WAV", "PCM_16"), ("FLAC", "PCM_24"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")],
)
@pytest.mark.parametrize("n_channels", [1, 2])
def test_blocks_are_what_one_reading_gives(
    container: str, subtype: str, n_channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = np.random.default_rng(0).normal(scale=0.1, size=(40_000, n_channels))
    buffer = BytesIO()
    soundfile.write(buffer, noise, 16_000, format=container, subtype=subtype)
    channels, _ = soundfile.read(BytesIO(buffer.getvalue()), dtype="float32", always_2d=True)
    assert len(channels) >= 40_000
    for block_samples in (1 << 22, 7_001, 2_000):  # 40,000 is a multiple of the last
        monkeypatch.setattr("asr.audio.BLOCK_SAMPLES", block_samples)
        found = decode_audio(buffer.getvalue(), name="x")
        np.testing.assert_array_equal(found, channels.mean(axis=1, dtype=np.float32))


def test_a_headerless_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "pcm.raw").write_bytes(bytes(100))
    with pytest.raises(EdgeAsrError, match=r"pcm\.raw' is not audio that soundfile can read: TypeError: "):
        load_audio(tmp_path / "pcm.raw")


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
