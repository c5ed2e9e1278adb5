"""A progress callback that remembers what it was told."""


class Recorder:
    """Keeps every call as (done, total)."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, int]] = []

    def __call__(self, done: int, total: int) -> None:
        self.calls.append((done, total))
