"""Number formats as chips tell them apart: `int8`, `int4`, `float16`; scales are another matter."""

import re

from traces.errors import EdgeAsrError
from traces.formats import Format

_SINGLE = re.compile(r"int([2-9]|1[0-6])|float(8|16|32)")
_SPAN = re.compile(r"int(?P<low>\d+)-int(?P<high>\d+)")


def format_class(fmt: Format) -> str:
    """Return the class of a format: its kind and bits, without granularity."""
    return f"{fmt.kind}{fmt.bits}"


def is_class(name: str) -> bool:
    """Return whether a name is a format class, such as `int8`."""
    return _SINGLE.fullmatch(name) is not None


def bits_of(name: str) -> int:
    """Return the width of a format class."""
    return int(name.removeprefix("int").removeprefix("float"))


def expand_classes(pattern: str) -> tuple[str, ...]:
    """Return the classes a pattern of a chip file names: `int8` itself, `int2-int7` all from 2 to 7 bits.

    Raises:
        EdgeAsrError: if the pattern is neither.
    """
    if is_class(pattern):
        return (pattern,)
    span = _SPAN.fullmatch(pattern)
    if span and 2 <= int(span["low"]) <= int(span["high"]) <= 16:
        return tuple(f"int{bits}" for bits in range(int(span["low"]), int(span["high"]) + 1))
    raise EdgeAsrError(
        f"'{pattern}' is no number format; write int2 to int16, float8, float16, float32, or int2-int7"
    )
