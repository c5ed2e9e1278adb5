"""SI base units to what a reader sees: ms, µJ, MiB. Nothing else in the project does this.

Figures keep three significant digits, rounded once and before the prefix is chosen, so 999.96 µs reads
`1.00 ms` and not `1000 µs`.
"""

import math
from decimal import Decimal

NO_BREAK = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"
DASH = "\N{EN DASH}"
MISSING = "not measured"

_DIGITS = 3
_SI = (
    (12, "T"),
    (9, "G"),
    (6, "M"),
    (3, "k"),
    (0, ""),
    (-3, "m"),
    (-6, "µ"),
    (-9, "n"),
    (-12, "p"),
    (-15, "f"),
)
_BINARY = ((40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB"))


def significant(value: float, digits: int = _DIGITS) -> str:
    """Return a number with `digits` significant digits and no exponent: `12.3`, `0.00120`, `1230`."""
    if value == 0:
        return "0"
    rounded = _rounded(value, digits)
    decimals = max(digits - 1 - math.floor(math.log10(abs(rounded))), 0)
    return f"{rounded:.{decimals}f}".replace("-", MINUS)


def si(value: float, unit: str) -> str:
    """Return a quantity with the prefix that leaves one to three digits before the point: `12.3 ms`.

    What is below a thousandth of the smallest prefix reads `0`.
    """
    if not math.isfinite(value):
        return f"{value}{NO_BREAK}{unit}".strip()
    rounded = _rounded(value, _DIGITS)
    for exponent, prefix in _SI:
        if abs(rounded) >= float(f"1e{exponent}"):
            scaled = float(Decimal(repr(rounded)).scaleb(-exponent))
            return f"{significant(scaled)}{NO_BREAK}{prefix}{unit}".rstrip(NO_BREAK)
    return f"0{NO_BREAK}{unit}".rstrip(NO_BREAK)


def tick(value: float, unit: str = "") -> str:
    """Return a round number for an axis, without trailing zeros: `10 M`, `2.5 G`, `200 ms`, `0.1`."""
    if not unit and 0 < abs(value) < 1:
        return f"{value:g}"
    number, _, prefixed = si(value, unit).partition(NO_BREAK)
    short = number.rstrip("0").rstrip(".") if "." in number else number
    return f"{short}{NO_BREAK}{prefixed}".rstrip(NO_BREAK)


def log_ticks(low: float, high: float) -> tuple[float, ...]:
    """Return round numbers for a logarithmic axis: decades, and 2 and 5 between them where there are few."""
    decades = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    steps = (1, 2, 5) if high / low < 100 else (1,)
    return tuple(step * 10.0**decade for decade in decades for step in steps)


def axis_unit(largest: float, unit: str) -> tuple[float, str]:
    """Return what to multiply SI values by, and the unit that makes them: (1e3, "ms") up to 2 s."""
    exponent = 3 * math.floor(math.log10(largest / 2) / 3) if largest > 0 else 0
    nearest = min(_SI, key=lambda known: abs(known[0] - exponent))
    return 10.0 ** -nearest[0], f"{nearest[1]}{unit}"


def seconds(value_s: float) -> str:
    """Return a duration: `431 µs`, `12.3 ms`, `2.10 s`, and minutes from 100 s on: `3.4 min`."""
    if abs(value_s) >= 99.95:
        return f"{significant(value_s / 60)}{NO_BREAK}min"
    return si(value_s, "s")


def joules(value_j: float) -> str:
    """Return an energy: `12.3 mJ`."""
    return si(value_j, "J")


def count(value: float) -> str:
    """Return a number of things: `980`, `37.8 M`, `1.20 G`."""
    if abs(value) < 1000 and value == int(value):
        return f"{int(value)}"
    return si(value, "")


def size(value_bytes: float) -> str:
    """Return a size in binary prefixes: `512 B`, `37.1 KiB`, `5.60 MiB`."""
    for exponent, unit in _BINARY:
        if abs(_rounded(value_bytes / 2**exponent, _DIGITS)) >= 1:
            return f"{significant(value_bytes / 2**exponent)}{NO_BREAK}{unit}"
    return f"{round(value_bytes)}{NO_BREAK}B" if value_bytes >= 1 or value_bytes == 0 else f"<1{NO_BREAK}B"


def percent(fraction: float) -> str:
    """Return a fraction as percent with one decimal: `4.2 %`."""
    return f"{_fixed(fraction * 100, 1)}{NO_BREAK}%"


def points(difference: float) -> str:
    """Return a difference of fractions as signed percentage points: `+0.3`."""
    text = _fixed(difference * 100, 1)
    return text if text.startswith(MINUS) else f"+{text}"


def ratio(value: float) -> str:
    """Return a factor: `2.3` and the sign."""
    return f"{significant(value, 2)}{TIMES}"


def spread(low: str, high: str) -> str:
    """Return an interval of two rendered quantities, the unit written once where both share it."""
    low_value, _, low_unit = low.partition(NO_BREAK)
    high_value, _, high_unit = high.partition(NO_BREAK)
    if low == high:
        return low
    if low_unit == high_unit and low_unit:
        return f"{low_value}{DASH}{high_value}{NO_BREAK}{high_unit}"
    return f"{low}{NO_BREAK}{DASH}{NO_BREAK}{high}"


def quantity(value: float, unit: str) -> str:
    """Return a chip parameter in the SI unit its file uses, with prefixes where they help.

    Ratios, cycles and counts per cycle are small numbers that people look up, and keep four digits.
    """
    match unit:
        case "B":
            return size(value)
        case "s" | "J" | "W" | "Hz" | "B/s" | "J/B":
            return si(value, unit)
        case _:
            return f"{value:.4g}{NO_BREAK}{unit}".rstrip(NO_BREAK)


def _rounded(value: float, digits: int) -> float:
    return float(f"{value:.{digits - 1}e}")


def _fixed(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        text = text.removeprefix("-")
    return text.replace("-", MINUS)
