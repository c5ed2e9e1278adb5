"""Jobs that an executor's processes find by name."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Errand:
    """A number to square; `deadly` ones kill their process, those with a `marker` only at the first try."""

    number: int
    deadly: bool = False
    marker: Path | None = None


def square(errand: Errand) -> int:
    if errand.deadly or (errand.marker and not errand.marker.exists()):
        if errand.marker:
            errand.marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return errand.number**2


def slow(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def fail(errand: Errand) -> int:
    raise ValueError(f"no {errand.number}")
