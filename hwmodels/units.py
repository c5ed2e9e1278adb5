"""Numbers with units as people write them in chip files: `200 MHz`, `1 MiB`, `3.2 GB/s`, `12 pJ`."""

import math
import re

from traces.errors import EdgeAsrError

_DECIMAL = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_SMALL = {"": 1.0, "m": 1e-3, "u": 1e-6, "µ": 1e-6, "n": 1e-9, "p": 1e-12}
_BINARY = {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30}
SCALES = {
    "bytes_per_s": {f"{prefix}B/s": scale for prefix, scale in (_DECIMAL | _BINARY).items()},
    "j_per_byte": {f"{prefix}J/B": scale for prefix, scale in _SMALL.items()},
    "bytes": {f"{prefix}B": scale for prefix, scale in (_DECIMAL | _BINARY).items()},
    "hz": {f"{prefix}Hz": scale for prefix, scale in _DECIMAL.items()},
    "s": {f"{prefix}s": scale for prefix, scale in _SMALL.items()},
    "w": {f"{prefix}W": scale for prefix, scale in _SMALL.items()},
    "j": {f"{prefix}J": scale for prefix, scale in _SMALL.items()},
}
"""Unit symbols by the suffix of the key that carries them; longer suffixes first."""

SYMBOLS = {
    "bytes_per_s": "B/s",
    "j_per_byte": "J/B",
    "bytes": "B",
    "hz": "Hz",
    "s": "s",
    "w": "W",
    "j": "J",
    "per_cycle": "1/cycle",
    "cycles": "cycles",
    "bytes_per_mac": "B/MAC",
}
"""The SI symbol of each suffix, for tables."""

_NUMBER = re.compile(r"\s*(?P<number>[-+]?\d[\d_]*(\.\d+)?([eE][-+]?\d+)?)\s*(?P<unit>[^\d\s].*?)?\s*")


def suffix_of(key: str) -> str:
    """Return the unit suffix of a key, such as `bytes_per_s`; empty for counts and ratios.

    `key` may be a path: energies of a MAC stand under `mac_j`, one per format.
    """
    for part in reversed(key.split(".")):
        for suffix in SYMBOLS:
            if part == suffix or part.endswith(f"_{suffix}"):
                return suffix
    return ""


def unit_symbol(key: str) -> str:
    """Return the SI unit of the number at a key path, such as `B/s`; empty for ratios."""
    return SYMBOLS.get(suffix_of(key), "")


def parse_number(text: str, *, key: str) -> float:
    """Return the number a text stands for, in the SI base unit of its key.

    `200e6` and `200 MHz` are the same for `clock_hz`.

    Raises:
        EdgeAsrError: if the text is no number, or its unit does not fit the key.
    """
    found = _NUMBER.fullmatch(text)
    scales = SCALES.get(suffix_of(key), {})
    if found is None:
        raise EdgeAsrError(f"'{text}' is no number; write 200e6, or with a unit {_examples(scales)}")
    unit = found["unit"] or ""
    if unit and unit not in scales:
        raise EdgeAsrError(f"'{text}' has the wrong unit for {key.split('.')[-1]}; {_expected(scales)}")
    value = float(found["number"].replace("_", "")) * (scales[unit] if unit else 1.0)
    if not math.isfinite(value):
        raise EdgeAsrError(f"'{text}' is not finite; write a number such as 200e6")
    return value


def _examples(scales: dict[str, float]) -> str:
    return f"one of {', '.join(list(scales)[:6])}" if scales else "nothing: this number has none"


def _expected(scales: dict[str, float]) -> str:
    return f"write one of {', '.join(scales)}" if scales else "write a plain number"
