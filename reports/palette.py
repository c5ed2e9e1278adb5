"""The report's colours: one set for light and one for dark, told apart under every common colour blindness.

Series follow Okabe and Ito, "Color Universal Design" (2008); the dark set is the same hues, lighter.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Colour:
    """One colour as it appears on light and on dark ground; `#rrggbb`."""

    light: str
    dark: str


INK = Colour("#1f2328", "#e4e2dc")
MUTED = Colour("#5d636b", "#a2a6ac")
RULE = Colour("#d9d6ce", "#363b42")
PAPER = Colour("#fcfbf8", "#15181c")
PANEL = Colour("#f4f2ec", "#1d2127")
ACCENT = Colour("#1f5f99", "#7db8ea")

BLUE = Colour("#0072b2", "#4aa8e0")
VERMILION = Colour("#d55e00", "#f0853f")
GREEN = Colour("#009e73", "#2fc398")
PURPLE = Colour("#cc79a7", "#e39cc4")
ORANGE = Colour("#e69f00", "#f3bb45")
SKY = Colour("#56b4e9", "#93d2f7")
BROWN = Colour("#8c6d46", "#c3a27a")
GREY = Colour("#8b9096", "#7f858c")

SERIES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BROWN)
SURFACES = (INK, MUTED, RULE, PAPER, PANEL, ACCENT)

_TERMS = {
    "compute": BLUE,
    "mac": BLUE,
    "host": PURPLE,
    "unpack": ORANGE,
    "overhead": GREY,
    "static": GREY,
}
_LEVELS = (GREEN, VERMILION, SKY, BROWN)


_PHASES = {"frontend": BROWN, "encode": BLUE, "cross_kv": SKY, "prefill": PURPLE, "decode": ORANGE}


def phase(name: str) -> Colour:
    """Return the colour of a phase, the same in every chart."""
    return _PHASES.get(name, GREY)


def series(position: int) -> Colour:
    """Return the colour of the n-th series; they repeat after seven."""
    return SERIES[position % len(SERIES)]


def terms(names: tuple[str, ...]) -> dict[str, Colour]:
    """Return the colour of each term of a latency or energy; memory levels get theirs in the order given."""
    levels = [name for name in names if name not in _TERMS]
    return {
        name: _TERMS[name] if name in _TERMS else _LEVELS[levels.index(name) % len(_LEVELS)] for name in names
    }


def dark_by_light() -> dict[str, str]:
    """Return what each light colour becomes on dark ground."""
    return {colour.light: colour.dark for colour in (*SERIES, GREY, *SURFACES)}
