"""Which of several choices no other choice beats."""

import math
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


def spaced(first: Sequence[float], second: Sequence[float], *, decades: float) -> tuple[int, ...]:
    """Return positions whose labels do not overprint on two logarithmic axes, earlier ones preferred.

    Two labels clear each other if they lie `decades` apart upwards, or four times as much across: text is
    wider than high.
    """
    kept: list[int] = []
    for idx in range(len(first)):
        if all(
            abs(math.log10(second[idx] / second[other])) >= decades
            or abs(math.log10(first[idx] / first[other])) >= 4 * decades
            for other in kept
        ):
            kept.append(idx)
    return tuple(kept)
