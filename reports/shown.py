"""How a table's cell reads, told by the unit in its column's name."""

import re

from hwmodels.units import unit_symbol
from reports.units import (
    MISSING,
    count,
    joules,
    percent,
    points,
    seconds,
    si,
    significant,
    size,
)

_UNIT_SUFFIXES = ("_s", "_j", "_bytes")
_RATE_SUFFIXES = ("_bytes_per_s", "_hz", "_j_per_byte")
_RATES = frozenset(
    {
        "wer",
        "wer_predicted",
        "wer_low",
        "wer_high",
        "cer",
        "share",
        "used_share",
        "gap",
        "utilisation",
        "latency_error",
        "left_out_error",
    }
)
_COUNTS = frozenset(
    {"macs", "bops", "bops_accumulator", "parameters", "n_words", "n_utterances", "n_ops", "n_measured"}
)


_RATE_NAMES = re.compile(r"\b[wc]er\b")


def heading(column: str) -> str:
    """Return a column's name as a heading: its unit is in the cells, so `latency_s` reads `latency`."""
    for suffix in (*_RATE_SUFFIXES, *_UNIT_SUFFIXES):
        column = column.removesuffix(suffix)
    return _RATE_NAMES.sub(lambda found: found[0].upper(), column.removeprefix("n_").replace("_", " "))


def shown(column: str, value: str | float | bool | None) -> str:
    """Return a cell in readable units; an unknown word error rate reads "not measured"."""
    match value:
        case None:
            return MISSING if column in ("wer", "cer") else ""
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case _:
            return _number(column, value)


def is_number(value: str | float | bool | None) -> bool:
    """Return whether a cell holds a quantity, to be aligned right."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(column: str, value: float) -> str:
    if column in _RATES:
        return percent(value)
    if column.startswith("wer_difference"):
        return points(value)
    if column in _COUNTS:
        return count(value)
    if column.endswith(_RATE_SUFFIXES):
        return si(value, unit_symbol(column))
    if column.endswith("_per_s"):
        return count(value)
    if column.endswith("_s"):
        return seconds(value)
    if column.endswith("_j"):
        return joules(value)
    if column.endswith("_bytes"):
        return size(value)
    if abs(value) < 1e6 and value == int(value):
        return str(int(value))
    return significant(value) if 1e-3 <= abs(value) < 1e4 else si(value, "")
