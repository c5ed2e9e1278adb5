"""The synthetic speakers, each of which belongs to one split only."""

from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Literal

from training.grammar import Split

Engine = Literal["espeak-ng", "flite", "festival"]


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice of one synthesis engine; `name` is what the engine calls it."""

    engine: Engine
    name: str

    @property
    def label(self) -> str:
        """Return a name that is unique over engines."""
        return f"{self.engine}:{self.name}"


def _espeak(accents: str, variants: str) -> tuple[Voice, ...]:
    pairs = product(accents.split(), variants.split())
    return tuple(Voice("espeak-ng", f"{accent}+{variant}") for accent, variant in pairs)


_TRAIN_ESPEAK = _espeak(
    "en-us en-gb en-gb-x-rp en-gb-scotland en-029",
    "m1 m2 m3 m4 m5 m6 f1 f2 f3 Alex Annie Michael Mike Gene adam caleb ed john paul quincy rob shelby "
    "steph2 anika aunty iven klatt klatt2 klatt3 max victor zac",
)
_DEV_ESPEAK = _espeak("en-us en-gb", "m8 belinda boris travis klatt6")
_EVAL_ESPEAK = _espeak(
    "en-us-nyc en-gb-x-gbclan en-gb-x-gbcwmd", "m7 f4 f5 Andrea linda antonio david edward"
)

VOICES: dict[Split, tuple[tuple[float, tuple[Voice, ...]], ...]] = {
    "train": (
        (0.55, _TRAIN_ESPEAK),
        (0.08, (Voice("flite", "kal"),)),
        (0.08, (Voice("flite", "kal16"),)),
        (0.08, (Voice("flite", "awb"),)),
        (0.09, (Voice("flite", "slt"),)),
        (0.06, (Voice("festival", "kal_diphone"),)),
        (0.06, (Voice("festival", "cmu_us_slt_arctic_hts"),)),
    ),
    "dev": ((1.0, _DEV_ESPEAK),),
    "eval": (
        (0.50, _EVAL_ESPEAK),
        (0.25, (Voice("flite", "rms"),)),
        (0.25, (Voice("festival", "ked_diphone"),)),
    ),
}
"""Per split: (share of the utterances, voices among which that share is spread evenly)."""


def draw_voice(rng: Random, *, split: Split) -> Voice:
    """Draw a voice of a split by the shares of its engines."""
    groups = VOICES[split]
    group = rng.choices(groups, weights=[share for share, _ in groups])[0]
    return rng.choice(group[1])
