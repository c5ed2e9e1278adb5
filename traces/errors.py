"""The one exception root, and the sentence an unknown name is answered with."""

from collections.abc import Iterable
from difflib import get_close_matches


class EdgeAsrError(Exception):
    """A mistake the user can mend: one line saying what, where, which value, and what to do."""


def unknown_name(what: str, name: str, *, known: Iterable[str]) -> EdgeAsrError:
    """Return the error for a name that no registry holds, offering the nearest known ones.

    `what` is the noun of the thing looked up, such as "chip" or "quantization method".
    """
    names = sorted(known)
    nearest = get_close_matches(name.lower(), names, n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(nearest)}?" if nearest else f"known: {', '.join(names) or 'none'}"
    return EdgeAsrError(f"unknown {what} '{name}'; {hint}")
