"""Progress bars on stderr for callbacks of the form `report(task, done, total)`."""

from collections.abc import Iterator
from contextlib import contextmanager

from traces.progress import Progress

MOST_ENDED = 6
"""Bars of ended tasks that stay in sight; a study has hundreds."""


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Yield a callback that shows one bar per task; on no terminal, one line when a task ends."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description:40}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )
    bars = Bars(*columns, console=console, disable=not console.is_terminal)
    known: dict[str, TaskID] = {}
    ended: list[str] = []

    def report(task: str, done: int, total: int, note: str = "") -> None:
        if task not in known:
            known[task] = bars.add_task(task, total=total, note=note)
        bars.update(known[task], completed=done, total=total, note=note)
        if note and not console.is_terminal:
            console.print(f"{task}: {done} of {total}, {note}", highlight=False, soft_wrap=True)
        if done >= total and task not in ended:
            ended.append(task)
            if len(ended) > MOST_ENDED:
                bars.update(known[ended[-1 - MOST_ENDED]], visible=False)
            if not console.is_terminal:
                console.print(f"{task}: done ({total})", highlight=False)

    with bars:
        yield report
