"""Clips of speech with transcripts, kept as one flat int16 file and one JSON index outside the repository."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Clip:
    """One utterance inside a store: `samples[offset : offset + length]` at 16 kHz."""

    text: str
    voice: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class ClipStore:
    """All clips of one data set; `samples: (total,) int16`, memory-mapped."""

    samples: npt.NDArray[np.int16]
    clips: tuple[Clip, ...]

    def audio(self, clip: Clip) -> npt.NDArray[np.float32]:
        """Return a clip's samples in -1..1."""
        return self.samples[clip.offset : clip.offset + clip.length].astype(np.float32) / np.float32(32768)


def save_clips(folder: Path, utterances: Iterable[tuple[str, str, npt.NDArray[np.int16]]]) -> None:
    """Write (text, voice, samples) triples as a store, completely or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    clips: list[Clip] = []
    offset = 0
    with (folder / "samples.part").open("wb") as stream:
        for text, voice, samples in utterances:
            stream.write(samples.tobytes())
            clips.append(Clip(text, voice, offset, len(samples)))
            offset += len(samples)
    (folder / "samples.part").rename(folder / "samples.i16")
    (folder / "clips.json").write_text(json.dumps([asdict(clip) for clip in clips]))


def load_clips(folder: Path) -> ClipStore:
    """Open a store that `save_clips` wrote."""
    samples = np.memmap(folder / "samples.i16", dtype=np.int16, mode="r")
    clips = tuple(Clip(**record) for record in json.loads((folder / "clips.json").read_text()))
    return ClipStore(samples, clips)
