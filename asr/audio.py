"""Audio files as mono float32 samples at 16 kHz, whatever their rate and channels."""

from io import BytesIO
from math import gcd
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from traces.errors import EdgeAsrError
from traces.faults import one_line
from traces.workload import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    import soundfile

Samples = NDArray[np.float32]
"""Mono audio at 16 kHz; full scale is 1."""

LOWEST_RATE_HZ = 1_000
"""Telephones have 8 kHz; at this rate hardly anything of speech is left."""

HIGHEST_RATE_HZ = 768_000
"""The highest rate that audio converters are sold for; the resampling filter grows with the rate."""

MOST_SAMPLES = 1 << 29
"""Longest audio that is read, at its own rate and at 16 kHz: 9.3 h at 16 kHz, 2 GiB as float32."""

BLOCK_SAMPLES = 1 << 22
"""Samples read at once, of all channels: 16 MiB."""


def load_audio(path: Path) -> Samples:
    """Read any file that soundfile reads (WAV, FLAC, Ogg, MP3, AIFF and more).

    Returns `(n_samples,) float32`, channels averaged, resampled to 16 kHz.

    Raises:
        EdgeAsrError: the file is missing, is no audio, has a rate or a length that cannot be, holds no
            samples, or holds NaN or infinity.
    """
    with one_line(f"audio file '{path}' cannot be read"):
        if not path.is_file():
            raise EdgeAsrError(f"audio file '{path}' does not exist")
    return _read(path, name=str(path))


def decode_audio(content: bytes, *, name: str) -> Samples:
    """Return what `load_audio` returns, for a file's bytes; `name` is what errors call it."""
    return _read(BytesIO(content), name=name)


def resample(samples: Samples, *, rate_hz: int) -> Samples:
    """Return audio of `rate_hz` at 16 kHz, by polyphase filtering (scipy's Kaiser window, beta 5)."""
    if rate_hz == SAMPLE_RATE_HZ:
        return samples
    from scipy.signal import resample_poly

    common = gcd(rate_hz, SAMPLE_RATE_HZ)
    resampled = resample_poly(samples, SAMPLE_RATE_HZ // common, rate_hz // common)
    return np.asarray(resampled, dtype=np.float32)


def _read(file: Path | BytesIO, *, name: str) -> Samples:
    import soundfile

    unreadable = f"'{name}' is not audio that soundfile can read"
    with one_line(unreadable):
        if _size_bytes(file) == 0:
            raise EdgeAsrError(f"audio '{name}' is a file of 0 bytes; remove it from the corpus")
        try:
            with soundfile.SoundFile(file) as opened:
                rate_hz = opened.samplerate
                _check_rate(rate_hz, name=name)
                samples = _mono(opened, name=name)
        except soundfile.SoundFileError as error:
            raise EdgeAsrError(f"{unreadable}: {str(error).split(': ', 1)[-1]}") from error
    if samples.size == 0:
        raise EdgeAsrError(f"audio '{name}' holds no samples; remove it from the corpus")
    wrong = np.flatnonzero(~np.isfinite(samples))
    if wrong.size:
        raise EdgeAsrError(
            f"audio '{name}' holds {wrong.size} samples that are NaN or infinite, the first at "
            f"{wrong[0] / rate_hz:.3f} s; write the file again or remove it"
        )
    return resample(samples, rate_hz=rate_hz)


def _check_rate(rate_hz: int, *, name: str) -> None:
    if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
        raise EdgeAsrError(
            f"audio '{name}' has a rate of {rate_hz} Hz, which is not between {LOWEST_RATE_HZ} and "
            f"{HIGHEST_RATE_HZ}; its header is damaged: write the file again or remove it"
        )


def _mono(opened: "soundfile.SoundFile", *, name: str) -> Samples:
    """Return the channels' mean, read in blocks until there is no more, whatever length a header promises."""
    # A seek changes how the samples of an MP3 behind it are rounded, and soundfile seeks after every read
    # where it can. With one to the start, as `soundfile.read` has, and no more, blocks leave no trace.
    opened.seek(0)
    opened.seekable = lambda: False
    n_frames = max(1, BLOCK_SAMPLES // opened.channels)
    most = MOST_SAMPLES * min(opened.samplerate, SAMPLE_RATE_HZ) // SAMPLE_RATE_HZ
    blocks: list[Samples] = []
    n_samples = 0
    while n_samples == n_frames * len(blocks):
        channels = opened.read(n_frames, dtype="float32", always_2d=True)
        blocks.append(channels.mean(axis=1, dtype=np.float32))
        n_samples += len(channels)
        if n_samples > most:
            raise EdgeAsrError(
                f"audio '{name}' is longer than the {most / opened.samplerate / 3600:.1f} h that are read; "
                "cut it"
            )
    return np.concatenate(blocks)


def _size_bytes(file: Path | BytesIO) -> int:
    return file.getbuffer().nbytes if isinstance(file, BytesIO) else file.stat().st_size
