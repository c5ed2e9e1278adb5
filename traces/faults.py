"""One line for whatever a library raises over a damaged file."""

from collections.abc import Iterator
from contextlib import contextmanager

from traces.errors import EdgeAsrError

LONGEST_REASON = 300
"""Characters of another library's text that are shown: three lines of a terminal hold the gist of any."""

REMEDY = "fetch or copy it again"
"""For files that came from elsewhere."""

PLAIN = (OSError, RuntimeError, ValueError)
"""Their texts are sentences; those of others (`KeyError: 'model'`) need the class to make one."""


@contextmanager
def one_line(what: str, *, remedy: str = "") -> Iterator[None]:
    """Turn any exception within into an `EdgeAsrError`: what cannot be done, why, and what to do.

    Libraries answer a damaged file with whatever the damage leads to, from AttributeError to MemoryError.

    Raises:
        EdgeAsrError: as told; one that is raised within passes unchanged.
    """
    try:
        yield
    except EdgeAsrError:
        raise
    except Exception as error:
        advice = f"; {remedy}" if remedy else ""
        raise EdgeAsrError(f"{what}: {reason_of(error)}{advice}") from error


def reason_of(error: Exception) -> str:
    """Return an exception's text on one line, behind its class where the text alone is no sentence."""
    text = " ".join(str(error).split())
    if len(text) > LONGEST_REASON:
        text = f"{text[:LONGEST_REASON]}..."
    if not text:
        return type(error).__name__
    return text if isinstance(error, PLAIN) else f"{type(error).__name__}: {text}"
