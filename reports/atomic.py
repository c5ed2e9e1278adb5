"""Files that are there whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from traces.errors import EdgeAsrError


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield a temporary name to write a file under; it gets its own name at the end.

    Raises:
        EdgeAsrError: naming the file and why it cannot be written.
    """
    partial = path.with_name(f".{path.name}.part")
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        raise EdgeAsrError(f"'{path}' cannot be written: {error.strerror or error}") from error


def write_text(path: Path, text: str) -> None:
    """Write a text file, as `written_whole` does.

    Raises:
        EdgeAsrError: naming the file and why it cannot be written.
    """
    with written_whole(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="")
