"""Progress across processes: each appends to a file of the run folder, and one reads them all.

Files work for any executor whose processes see the run folder; queues would have to be sent through it.
"""

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from traces.progress import Progress

TELL_S = 0.3
"""At most so often, steps between the first and the last of a task are told."""

Told = tuple[str, int, int, str]
"""The arguments of a `Progress`."""


@contextmanager
def telling(folder: Path) -> Iterator[Progress]:
    """Yield a callback that writes to this process's file in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    latest_s = 0.0
    with (folder / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as stream:

        def tell(task: str, done: int, total: int, note: str = "") -> None:
            nonlocal latest_s
            now_s = time.monotonic()
            if 0 < done < total and not note and now_s - latest_s < TELL_S:
                return
            latest_s = now_s
            stream.write(json.dumps([task, done, total, note]) + "\n")
            stream.flush()

        yield tell


@dataclass(slots=True)
class Listener:
    """Reads what was told since it was last asked."""

    folder: Path
    _read: dict[Path, int] = field(default_factory=dict)

    def news(self) -> Iterator[Told]:
        """Yield what is new; the start of a line that is still being written stays for the next time."""
        for file in sorted(self.folder.glob("*.jsonl")):
            with file.open("rb") as stream:
                stream.seek(self._read.get(file, 0))
                whole, _, _ = stream.read().rpartition(b"\n")
            if whole:
                self._read[file] = self._read.get(file, 0) + len(whole) + 1
                for line in whole.splitlines():
                    task, done, total, note = json.loads(line)
                    yield str(task), int(done), int(total), str(note)


@contextmanager
def listening(folder: Path) -> Iterator[Listener]:
    """Yield a listener of a folder that is emptied before and after."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield Listener(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
