"""Audio files as mono float32 samples at 16 kHz, whatever their rate and channels."""

from io import BytesIO
from math import gcd
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from traces.errors import EdgeAsrError
from traces.workload import SAMPLE_RATE_HZ

Samples = NDArray[np.float32]
"""Mono audio at 16 kHz; full scale is 1."""


def load_audio(path: Path) -> Samples:
    """Read any file that soundfile reads (WAV, FLAC, Ogg, MP3, AIFF and more).

    Returns `(n_samples,) float32`, channels averaged, resampled to 16 kHz.

    Raises:
        EdgeAsrError: the file is missing, is no audio, holds no samples, or holds NaN or infinity.
    """
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

    try:
        channels, rate_hz = soundfile.read(file, dtype="float32", always_2d=True)
    except soundfile.SoundFileError as error:
        if _size_bytes(file) == 0:
            raise EdgeAsrError(f"audio '{name}' is a file of 0 bytes; remove it from the corpus") from error
        reason = str(error).split(": ", 1)[-1]
        raise EdgeAsrError(f"'{name}' is not audio that soundfile can read: {reason}") from error
    if channels.shape[0] == 0:
        raise EdgeAsrError(f"audio '{name}' holds no samples; remove it from the corpus")
    wrong = np.flatnonzero(~np.isfinite(channels).all(axis=1))
    if wrong.size:
        raise EdgeAsrError(
            f"audio '{name}' holds {wrong.size} samples that are NaN or infinite, the first at "
            f"{wrong[0] / rate_hz:.3f} s; write the file again or remove it"
        )
    return resample(channels.mean(axis=1, dtype=np.float32), rate_hz=rate_hz)


def _size_bytes(file: Path | BytesIO) -> int:
    return file.getbuffer().nbytes if isinstance(file, BytesIO) else file.stat().st_size
