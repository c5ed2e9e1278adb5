"""Print WER and CER of an exported model: `python -m training.evaluate MODEL_FOLDER AUDIOFOLDER...`."""

import argparse
import csv
from pathlib import Path

import soundfile
import torch
from transformers import (
    AutoTokenizer,
    MoonshineForConditionalGeneration,
    Wav2Vec2FeatureExtractor,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
)

from training.augment import Samples
from training.scoring import character_error_rate, inserted_words, word_error_rate
from training.trainees import MoonshineTrainee, WhisperTrainee

BATCH_SIZE = 16


def load_trainee(folder: Path) -> WhisperTrainee | MoonshineTrainee:
    """Load an exported model in float32."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    if "WhisperFeatureExtractor" in (folder / "preprocessor_config.json").read_text():
        whisper = WhisperForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
        return WhisperTrainee(whisper, tokenizer, WhisperFeatureExtractor.from_pretrained(folder))
    moonshine = MoonshineForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    return MoonshineTrainee(moonshine, tokenizer, Wav2Vec2FeatureExtractor.from_pretrained(folder))


def transcribe_clips(trainee: WhisperTrainee | MoonshineTrainee, audio: list[Samples]) -> list[str]:
    """Transcribe greedily in batches of similar length, in the order given."""
    trainee.model.eval()
    order = sorted(range(len(audio)), key=lambda index: len(audio[index]))
    texts = [""] * len(audio)
    with torch.inference_mode():
        for start in range(0, len(order), BATCH_SIZE):
            chosen = order[start : start + BATCH_SIZE]
            for index, text in zip(chosen, trainee.generate([audio[index] for index in chosen]), strict=True):
                texts[index] = text
    return texts


def read_audiofolder(folder: Path) -> tuple[list[Samples], list[str]]:
    """Return the samples and transcripts of a 16 kHz mono audiofolder."""
    with (folder / "metadata.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    audio = [soundfile.read(folder / row["file_name"], dtype="float32")[0] for row in rows]
    return audio, [row["transcription"] for row in rows]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("audiofolders", type=Path, nargs="+")
    parser.add_argument("--show", action="store_true", help="print every wrong utterance")
    args = parser.parse_args()
    trainee = load_trainee(args.model)
    for folder in args.audiofolders:
        audio, references = read_audiofolder(folder)
        hypotheses = transcribe_clips(trainee, audio)
        if args.show:
            for reference, hypothesis in zip(references, hypotheses, strict=True):
                if word_error_rate([reference or "-"], [hypothesis]) > 0 or (hypothesis and not reference):
                    print(f"  {reference!r} -> {hypothesis!r}")
        print(
            f"{folder}: n {len(audio)} WER {word_error_rate(references, hypotheses):.4f} "
            f"CER {character_error_rate(references, hypotheses):.4f} "
            f"words on silence {inserted_words(references, hypotheses)}"
        )


if __name__ == "__main__":
    main()
