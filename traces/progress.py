"""How long work tells how far it is."""

from collections.abc import Callable
from typing import Protocol

Steps = Callable[[int, int], None]
"""Progress of one task, which the caller names: called with how many steps are done, and of how many."""


class Progress(Protocol):
    """Called as work proceeds, at least at the start and the end of each task."""

    def __call__(self, task: str, done: int, total: int, note: str = "") -> None:
        """Say that `done` of `total` steps of the named task are finished; `note` is about the last one."""


def silent(task: str, done: int, total: int, note: str = "") -> None:
    """Tell nobody."""
