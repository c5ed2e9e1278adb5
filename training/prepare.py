"""Make the training data: `python -m training.prepare --an4 AN4_FOLDER --work WORK_FOLDER`.

Writes the stores `synthetic_train`, `synthetic_dev`, `an4_train` and `an4_dev` under the work folder; a store
that is there already is kept. AN4's own test set is not read. Needs the programs espeak-ng, flite, festival.
"""

import argparse
import csv
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
import soundfile

from training.clips import save_clips
from training.grammar import Split, draw_sentence, transcript
from training.synthesis import SAMPLE_RATE_HZ, draw_delivery, speak
from training.voices import draw_voice

Utterance = tuple[str, str, npt.NDArray[np.int16]]

AN4_DEV_SPEAKERS = ("fbbh", "fkai", "mbmg", "mmkw")
"""Speakers of AN4's training set that are left out of training and used to watch it."""

LONGEST_CLIP_S = 7.6
"""Leaves 0.4 s of the Whisper window for the end of the sentence to be heard as silence."""

logger = logging.getLogger(__name__)


def synthetic_utterances(count: int, *, split: Split, seed: int, workers: int) -> Iterator[Utterance]:
    """Yield `count` or slightly fewer utterances of a split; utterance i depends on (seed, i) only."""
    with ThreadPoolExecutor(workers) as pool:
        for utterance in pool.map(lambda index: _synthesise(index, split=split, seed=seed), range(count)):
            if len(utterance[2]) <= LONGEST_CLIP_S * SAMPLE_RATE_HZ:
                yield utterance


def _synthesise(index: int, *, split: Split, seed: int) -> Utterance:
    rng = Random(f"{seed}/{split}/{index}")
    sentence, voice, delivery = (
        draw_sentence(rng, split=split),
        draw_voice(rng, split=split),
        draw_delivery(rng),
    )
    return transcript(sentence), voice.label, speak(sentence, voice=voice, delivery=delivery)


def an4_utterances(folder: Path, *, dev: bool) -> Iterator[Utterance]:
    """Yield AN4's training utterances of the development speakers, or of all others."""
    with (folder / "train" / "metadata.csv").open() as stream:
        for row in csv.DictReader(stream):
            speaker = row["file_name"].split("_")[0]
            if (speaker in AN4_DEV_SPEAKERS) == dev:
                samples, _ = soundfile.read(folder / "train" / row["file_name"], dtype="int16")
                yield row["transcription"].lower(), f"an4:{speaker}", samples


def prepare(an4: Path, work: Path, *, n_train: int, n_dev: int, seed: int, workers: int) -> None:
    """Make the four stores that are missing."""
    stores: dict[str, Callable[[], Iterator[Utterance]]] = {
        "an4_train": lambda: an4_utterances(an4, dev=False),
        "an4_dev": lambda: an4_utterances(an4, dev=True),
        "synthetic_dev": lambda: synthetic_utterances(n_dev, split="dev", seed=seed, workers=workers),
        "synthetic_train": lambda: synthetic_utterances(n_train, split="train", seed=seed, workers=workers),
    }
    for name, utterances in stores.items():
        if not (work / name / "clips.json").exists():
            save_clips(work / name, utterances())
            logger.info("made %s", work / name)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--an4", type=Path, required=True, help="AN4 folder with train/metadata.csv")
    parser.add_argument(
        "--work", type=Path, required=True, help="folder for the stores, outside the repository"
    )
    parser.add_argument("--n-train", type=int, default=14_000)
    parser.add_argument("--n-dev", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    prepare(args.an4, args.work, n_train=args.n_train, n_dev=args.n_dev, seed=args.seed, workers=args.workers)


if __name__ == "__main__":
    main()
