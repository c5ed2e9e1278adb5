"""Make the bundled corpus: `python -m training.corpus --an4 AN4_FOLDER --out asr/bundled/corpus`.

`test/` holds sentences and voices of the grammar's evaluation split and clips without speech, `calibration/`
training sentences by training voices. Both are `audiofolder` data sets of 16 kHz mono Ogg Vorbis files.
"""

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import soundfile

from training.augment import Samples, draw_silence
from training.grammar import Split, draw_sentence, transcript
from training.synthesis import SAMPLE_RATE_HZ, draw_delivery, speak
from training.voices import draw_voice

LONGEST_S = 7.0
"""Longer clips are not taken, so that both models hear some silence behind the last word."""

VORBIS_COMPRESSION = 0.2
"""Of 0 to 1; about 60 kbit/s."""


def speech_clips(
    count: int, *, split: Split, seed: int, excluded: frozenset[str]
) -> Iterator[tuple[Samples, str, str]]:
    """Yield (samples, transcript, voice), no transcript twice and none of the excluded ones."""
    rng = Random(f"{seed}/corpus/{split}")
    said = set(excluded)
    while count:
        sentence, voice = draw_sentence(rng, split=split), draw_voice(rng, split=split)
        delivery = draw_delivery(rng)
        if transcript(sentence) in said:
            continue
        samples = np.float32(1 / 32768) * speak(sentence, voice=voice, delivery=delivery).astype(np.float32)
        if len(samples) > LONGEST_S * SAMPLE_RATE_HZ:
            continue
        said.add(transcript(sentence))
        count -= 1
        yield samples, transcript(sentence), voice.label


def silent_clips(count: int, *, seed: int) -> Iterator[tuple[Samples, str, str]]:
    """Yield clips of silence and noise of 1 to 5 s with an empty transcript."""
    rng = np.random.default_rng((seed, 1))
    for _ in range(count):
        yield draw_silence(rng, length_s=float(rng.uniform(1.0, 5.0))), "", "none"


def write_audiofolder(folder: Path, clips: Iterator[tuple[Samples, str, str]]) -> None:
    """Write clips and their `metadata.csv`."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "metadata.csv").open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("file_name", "transcription", "voice"))
        for index, (samples, text, voice) in enumerate(clips):
            name = f"clip_{index:03d}.ogg"
            soundfile.write(
                folder / name, samples, SAMPLE_RATE_HZ, subtype="VORBIS", compression_level=VORBIS_COMPRESSION
            )
            writer.writerow((name, text, voice))


def an4_sentences(folder: Path) -> frozenset[str]:
    """Return the transcripts of AN4's training set, which the models have seen."""
    with (folder / "train" / "metadata.csv").open() as stream:
        return frozenset(row["transcription"].lower() for row in csv.DictReader(stream))


def _test_clips(seed: int, excluded: frozenset[str]) -> Iterator[tuple[Samples, str, str]]:
    yield from speech_clips(240, split="eval", seed=seed, excluded=excluded)
    yield from silent_clips(16, seed=seed)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--an4", type=Path, required=True, help="AN4 folder with train/metadata.csv")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=3)
    args = parser.parse_args()
    write_audiofolder(args.out / "test", _test_clips(args.seed, an4_sentences(args.an4)))
    write_audiofolder(
        args.out / "calibration", speech_clips(256, split="train", seed=args.seed, excluded=frozenset())
    )


if __name__ == "__main__":
    main()
