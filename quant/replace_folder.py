"""A folder replaced by a new one so that, whenever the work is cut short, a complete one is left."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replaced_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder to write in, which takes the place of `folder` if the context ends without error.

    The former folder is renamed aside, the new one renamed in, and only then the former removed. No file
    system swaps two folders at once, so a kill between both renames leaves the former aside:
    `recover_folder` puts it back.

    Raises:
        OSError: if something cannot be written or renamed; the former folder is in its place.
    """
    recover_folder(folder)
    partial, former = folder.with_name(f".{folder.name}.partial"), _former(folder)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        if folder.exists():
            shutil.rmtree(former, ignore_errors=True)
            folder.rename(former)
        partial.rename(folder)
    finally:
        recover_folder(folder)
        shutil.rmtree(partial, ignore_errors=True)
        if folder.exists():
            shutil.rmtree(former, ignore_errors=True)


def recover_folder(folder: Path) -> None:
    """Put a folder back that was renamed aside when its replacement was cut short."""
    if not folder.exists() and _former(folder).is_dir():
        _former(folder).rename(folder)


def _former(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.former")
