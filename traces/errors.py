"""The one exception root, and the sentence an unknown name is answered with."""

from collections.abc import Iterable
from difflib import get_close_matches

MOST_NAMES = 100
"""Of more names than these only the nearest are told: a chip has hundreds of numbers."""
NEAREST_OF_MANY = 5


class EdgeAsrError(Exception):
    """A mistake the user can mend: one line saying what, where, which value, and what to do."""


def unknown_name(what: str, name: str, *, known: Iterable[str]) -> EdgeAsrError:
    """Return the error for a name that no registry holds, offering the nearest known ones.

    `what` is the noun of the thing looked up, such as "chip" or "quantization method".
    """
    names = sorted(known)
    nearest = get_close_matches(name.lower(), names, n=3, cutoff=0.5)
    if nearest:
        hint = f"did you mean {', '.join(nearest)}?"
    elif len(names) <= MOST_NAMES:
        hint = f"known: {', '.join(names) or 'none'}"
    else:
        nearest = get_close_matches(name.lower(), names, n=NEAREST_OF_MANY, cutoff=0.0)
        hint = f"of {len(names)} known the nearest are: {', '.join(nearest)}"
    return EdgeAsrError(f"unknown {what} '{name}'; {hint}")
