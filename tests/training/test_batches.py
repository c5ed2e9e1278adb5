from pathlib import Path

import numpy as np
import pytest

from training.batches import POOL_BATCHES, Mixture, Share, draw_batch
from training.clips import ClipStore, load_clips, save_clips


@pytest.fixture
def store(tmp_path: Path) -> ClipStore:
    rng = np.random.default_rng(0)
    lengths = (8_000, 16_000, 24_000, 48_000)
    utterances = [
        (f"length {length}", "voice", rng.integers(-9000, 9000, length).astype(np.int16))
        for length in lengths
    ]
    save_clips(tmp_path / "store", utterances)
    return load_clips(tmp_path / "store")


def test_a_store_gives_back_what_was_saved(store: ClipStore) -> None:
    assert [clip.text for clip in store.clips] == [
        "length 8000",
        "length 16000",
        "length 24000",
        "length 48000",
    ]
    assert [len(store.audio(clip)) for clip in store.clips] == [8_000, 16_000, 24_000, 48_000]
    expected = np.random.default_rng(0).integers(-9000, 9000, 8_000) / 32768
    np.testing.assert_allclose(store.audio(store.clips[0]), expected, atol=1e-7)


def test_a_step_gives_the_same_batch_again_and_the_next_step_another(store: ClipStore) -> None:
    mixture = Mixture(store, store)
    first, again, other = (
        draw_batch(mixture, seed=1, step=step, batch_size=4, longest_s=7.6, share=Share())
        for step in (5, 5, 6)
    )
    assert first[1] == again[1]
    assert all(np.array_equal(left, right) for left, right in zip(first[0], again[0], strict=True))
    assert not all(np.array_equal(left, right) for left, right in zip(first[0], other[0], strict=False))


def test_clips_above_the_limit_are_not_drawn(store: ClipStore) -> None:
    mixture = Mixture(store, store)
    texts = [
        text
        for step in range(POOL_BATCHES)
        for text in draw_batch(mixture, seed=1, step=step, batch_size=4, longest_s=1.2, share=Share())[1]
    ]
    assert {word for text in texts for word in text.split() if word != "length"} == {"8000", "16000"}


def test_silence_has_no_transcript(store: ClipStore) -> None:
    audio, texts = draw_batch(
        Mixture(store, store, silence_share=1.0), seed=1, step=0, batch_size=4, longest_s=2.0, share=Share()
    )
    assert texts == [""] * 4
    assert all(0 < len(samples) <= 32_000 for samples in audio)


def test_two_processes_take_a_batch_between_them(store: ClipStore) -> None:
    whole, *parts = (
        draw_batch(Mixture(store, store), seed=1, step=3, batch_size=6, longest_s=7.6, share=share)[1]
        for share in (Share(), Share(0, 2), Share(1, 2))
    )
    assert sorted(whole) == sorted(parts[0] + parts[1])
    assert len(parts[0]) == len(parts[1]) == 3
