"""Which of several choices no other choice beats."""

from collections.abc import Sequence


def pareto_front(first: Sequence[float], second: Sequence[float]) -> tuple[int, ...]:
    """Return the positions on the front where both quantities are to be small, by rising `first`.

    A choice is on the front if no other is at most as large in both and smaller in one. Of equal choices the
    earliest stands for all.
    """
    order = sorted(range(len(first)), key=lambda idx: (first[idx], second[idx], idx))
    front: list[int] = []
    for idx in order:
        if not front or second[idx] < second[front[-1]]:
            front.append(idx)
    return tuple(front)
