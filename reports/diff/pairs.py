"""Which estimates of two sets are compared with which."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from reports.diff.side import Combination, Side
from traces.errors import EdgeAsrError, unknown_name


@dataclass(frozen=True, slots=True)
class Selection:
    """Names to keep of each kind; None keeps all."""

    model: str | None = None
    recipe: str | None = None
    chip: str | None = None


def selected(sides: Sequence[Side], selection: Selection) -> tuple[Side, ...]:
    """Return the estimates that carry the selected names.

    Raises:
        EdgeAsrError: if a name is none of theirs (nearest ones offered), or no estimate carries all.
    """
    kept = tuple(sides)
    for field in fields(selection):
        name = getattr(selection, field.name)
        if name is None:
            continue
        known = dict.fromkeys(getattr(side.what, field.name) for side in kept)
        if name not in known:
            raise unknown_name(field.name, name, known=known)
        kept = tuple(side for side in kept if getattr(side.what, field.name) == name)
    return kept


def pairs(first: Sequence[Side], second: Sequence[Side]) -> tuple[tuple[Side, Side], ...]:
    """Return the pairs to compare: those of equal names, or the two where each side has a single one.

    Raises:
        EdgeAsrError: if several estimates have no name in common.
    """
    if len(first) == len(second) == 1:
        return ((first[0], second[0]),)
    names: dict[Combination, Side] = {side.what: side for side in second}
    found = tuple((side, names[side.what]) for side in first if side.what in names)
    if not found:
        raise EdgeAsrError(
            f"{len(first)} and {len(second)} estimates have no model, recipe and chip in common: "
            f"the first is {first[0].what}, the other {second[0].what}; "
            "choose one on each side with --model, --recipe and --chip"
        )
    return found
