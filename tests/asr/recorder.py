"""A progress callback that remembers what it was told."""


class Recorder:
    """Keeps every call as (task, done, total)."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int, int]] = []

    def __call__(self, task: str, done: int, total: int) -> None:
        self.calls.append((task, done, total))
