"""Draw training batches, grouped by length and augmented; each is a function of (seed, step)."""

from dataclasses import dataclass

import numpy as np

from training.augment import Rng, Samples, augment, draw_silence
from training.clips import Clip, ClipStore
from training.prepare import LONGEST_CLIP_S
from training.synthesis import SAMPLE_RATE_HZ

POOL_BATCHES = 16
"""Batches that are sorted by length together."""

LONGEST_PAIR_S = 5.5
"""Two clips are joined up to this length."""


@dataclass(frozen=True, slots=True)
class Item:
    """What one training utterance is made of: clips said one after the other, or silence of a length."""

    store: ClipStore
    clips: tuple[Clip, ...]
    silence_s: float

    @property
    def length_s(self) -> float:
        """Return the seconds before augmentation."""
        return self.silence_s + sum(clip.length for clip in self.clips) / SAMPLE_RATE_HZ

    @property
    def text(self) -> str:
        """Return the transcript."""
        return " ".join(clip.text for clip in self.clips)


@dataclass(frozen=True, slots=True)
class Share:
    """The part of each batch that one of several training processes takes."""

    rank: int = 0
    n_processes: int = 1


@dataclass(frozen=True, slots=True)
class Mixture:
    """Where utterances come from."""

    real: ClipStore
    synthetic: ClipStore
    real_share: float = 0.5
    silence_share: float = 0.04
    joined_share: float = 0.12

    def draw_item(self, rng: Rng, *, longest_s: float) -> Item:
        """Draw one utterance of at most a length; short ones are sometimes joined in pairs."""
        if rng.random() < self.silence_share:
            return Item(self.real, (), float(rng.uniform(0.5, min(longest_s, 6.0))))
        store = self.real if rng.random() < self.real_share else self.synthetic
        clip = _choose(store, rng)
        while clip.length > longest_s * SAMPLE_RATE_HZ:
            clip = _choose(store, rng)
        clips: tuple[Clip, ...] = (clip,)
        if rng.random() < self.joined_share:
            second = _choose(store, rng)
            if clip.length + second.length < min(longest_s, LONGEST_PAIR_S) * SAMPLE_RATE_HZ:
                clips = (clip, second)
        return Item(store, clips, 0.0)


def draw_batch(
    mixture: Mixture, *, seed: int, step: int, batch_size: int, longest_s: float, share: Share
) -> tuple[list[Samples], list[str]]:
    """Return augmented samples and transcripts of one process's share of one step."""
    pool, place = divmod(step, POOL_BATCHES)
    rng = np.random.default_rng((seed, pool))
    items = sorted(
        (mixture.draw_item(rng, longest_s=longest_s) for _ in range(POOL_BATCHES * batch_size)),
        key=lambda item: item.length_s,
    )
    first = int(rng.permutation(POOL_BATCHES)[place]) * batch_size
    chosen = items[first : first + batch_size][share.rank :: share.n_processes]
    rng = np.random.default_rng((seed, pool, place, share.rank))
    return [_render(item, rng) for item in chosen], [item.text for item in chosen]


def _choose(store: ClipStore, rng: Rng) -> Clip:
    return store.clips[int(rng.integers(len(store.clips)))]


def _render(item: Item, rng: Rng) -> Samples:
    if not item.clips:
        return draw_silence(rng, length_s=item.silence_s)
    gap = np.zeros(int(rng.uniform(0.0, 0.3) * SAMPLE_RATE_HZ), dtype=np.float32)
    parts: list[Samples] = []
    for clip in item.clips:
        parts += [gap] * bool(parts) + [item.store.audio(clip)]
    return augment(np.concatenate(parts), rng, longest_s=LONGEST_CLIP_S)
