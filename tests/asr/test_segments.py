import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from asr.segments import split_at_pauses


def noise(n_samples: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=n_samples).astype(np.float32)


def test_audio_that_fits_comes_back_whole() -> None:
    audio = noise(32_000)
    (piece,) = split_at_pauses(audio, window_s=2.0)
    np.testing.assert_array_equal(piece, audio)


def test_the_cut_falls_into_the_pause() -> None:
    audio = noise(48_000)
    audio[27_000:28_000] = 0.0  # within the last quarter of a 2 s window
    first, second = split_at_pauses(audio, window_s=2.0)
    assert 27_000 <= first.size <= 28_000
    assert first.size + second.size == 48_000


@given(n_samples=st.integers(1, 200_000), window_s=st.floats(0.5, 3.0))
def test_pieces_fit_the_window_and_lose_nothing(n_samples: int, window_s: float) -> None:
    audio = noise(n_samples)
    pieces = split_at_pauses(audio, window_s=window_s)
    assert all(0 < piece.size <= int(window_s * 16_000) for piece in pieces)
    np.testing.assert_array_equal(np.concatenate(pieces), audio)
