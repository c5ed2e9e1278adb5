"""Speak a sentence with one of the installed synthesis programs."""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
import soundfile
from scipy.signal import resample_poly

from training.lexicon import LETTER_SOUNDS
from training.voices import Voice

SAMPLE_RATE_HZ = 16_000


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a sentence is said: `rate` 1.0 is the voice's own speed, `pitch` is espeak-ng's 0 to 99."""

    rate: float
    pitch: int
    letter_pause: bool


def draw_delivery(rng: Random) -> Delivery:
    """Draw a speaking style; letters are often said one by one, as people spell."""
    return Delivery(rate=rng.uniform(0.78, 1.2), pitch=rng.randint(25, 75), letter_pause=rng.random() < 0.5)


def spoken_form(sentence: str, *, letter_pause: bool) -> str:
    """Write upper-case letters by their names, with commas between them when they are to be paused.

    `spoken_form("enter B two", letter_pause=True) == "enter bee, two"`
    """
    comma = "," if letter_pause else ""
    return " ".join(
        LETTER_SOUNDS[word] + comma if word in LETTER_SOUNDS else word for word in sentence.split()
    ).rstrip(",")


def speak(sentence: str, *, voice: Voice, delivery: Delivery) -> npt.NDArray[np.int16]:
    """Return 16 kHz mono samples of a sentence, silence at both ends cut down to at most 0.15 s."""
    text = spoken_form(sentence, letter_pause=delivery.letter_pause)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        subprocess.run(
            _command(voice, text, delivery, path),
            input=text,
            text=True,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        samples, rate_hz = soundfile.read(path, dtype="float64")
    if rate_hz != SAMPLE_RATE_HZ:
        samples = resample_poly(samples, SAMPLE_RATE_HZ, rate_hz)
    samples = _trim(samples)
    peak = float(np.max(np.abs(samples))) or 1.0
    return np.asarray(np.round(samples * (0.6 * 32767 / peak)), dtype=np.int16)


def _trim(samples: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    loud = np.flatnonzero(np.abs(samples) > 0.01 * np.max(np.abs(samples)))
    margin = int(0.15 * SAMPLE_RATE_HZ)
    return samples[max(0, loud[0] - margin) : loud[-1] + margin]


def _command(voice: Voice, text: str, delivery: Delivery, path: Path) -> list[str]:
    """Return an engine's command line; festival reads the text from its standard input."""
    stretch = f"{1 / delivery.rate:.3f}"
    match voice.engine:
        case "espeak-ng":
            words_per_minute = round(165 * delivery.rate)  # its own default is 175
            style = ["-s", str(words_per_minute), "-p", str(delivery.pitch)]
            return ["espeak-ng", "-v", voice.name, *style, "-w", str(path), text]
        case "flite":
            style = ["--setf", f"duration_stretch={stretch}"]
            return ["flite", "-voice", voice.name, *style, "-t", text, "-o", str(path)]
        case "festival":
            style = ["-eval", f"(Parameter.set 'Duration_Stretch {stretch})"]
            return ["text2wave", "-eval", f"(voice_{voice.name})", *style, "-o", str(path)]
