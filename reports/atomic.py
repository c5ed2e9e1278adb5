"""Files that are there whole or not at all."""

from pathlib import Path

from traces.errors import EdgeAsrError


def write_text(path: Path, text: str) -> None:
    """Write a file under a temporary name and rename it.

    Raises:
        EdgeAsrError: naming the file and why it cannot be written.
    """
    partial = path.with_name(f".{path.name}.part")
    try:
        partial.write_text(text, encoding="utf-8", newline="")
        partial.replace(path)
    except OSError as error:
        raise EdgeAsrError(f"'{path}' cannot be written: {error.strerror or error}") from error
