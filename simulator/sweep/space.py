"""The points of a sweep as things to cost: which recogniser does which work on which variant of a chip."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from hwmodels.chip import Chip
from hwmodels.chip_checks import chip_checks
from hwmodels.chosen import choosable, numbers_of
from hwmodels.op_table import Bools, Floats, Ints
from hwmodels.overrides import ranges_left
from hwmodels.variants import with_varied
from quant.recipe import Recipe
from simulator.sweep.axes import Axis, Column
from simulator.sweep.parts import PartFormat, part_of
from simulator.utterances import Utterance
from traces.formats import Format

NAMES = ("model", "recipe", "chip")
"""Axes of names; those of a recipe's parts hold names of formats."""
WORK = ("audio_s", "tokens", "batch", "beam")
"""Axes of the utterance."""
WHOLE = ("tokens", "batch", "beam")
MOST_VARIANTS = 2**16
"""Variants of a chip whose numbers are looked at at a time."""


@dataclass(frozen=True, slots=True)
class Base:
    """Where no axis says otherwise."""

    model: str
    recipe: str
    chip: str
    audio_s: float
    tokens: int
    batch: int
    beam: int


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """The axes of a sweep, and what the names on them stand for."""

    axes: tuple[Axis, ...]
    base: Base
    chips: Mapping[str, Chip]
    recipes: Mapping[str, Recipe]

    @property
    def outer(self) -> tuple[int, ...]:
        """Positions of the axes on which the work or the chip's file changes, not only a chip's numbers."""
        return tuple(
            idx for idx, axis in enumerate(self.axes) if axis.name in (*NAMES, *WORK) or part_of(axis.name)
        )

    def columns(self, points: Floats) -> dict[str, Column]:
        """Return the value of every axis at some points, given their coordinates: (points, axes)."""
        return {axis.name: axis.column(points[:, idx]) for idx, axis in enumerate(self.axes)}

    @property
    def inner(self) -> tuple[str, ...]:
        """Axes of a chip's numbers."""
        return tuple(axis.name for idx, axis in enumerate(self.axes) if idx not in self.outer)

    def ranges_left(self) -> tuple[str, ...]:
        """Return the axes whose number has a range in a chip's file, which no point of the sweep covers."""
        left = {path for chip in self.chips.values() for path in ranges_left(chip, self.inner)}
        return tuple(name for name in self.inner if name in left)

    def variants(self, points: Floats) -> Iterator[tuple[Ints, Chip, Chip]]:
        """Yield rows of some points, the chip of a file they are on, and that chip as they vary it.

        `points`: (points, axes). The rows come in parts, so that memory stays bounded.
        """
        columns = self.columns(points)
        on = columns.get("chip")
        for name, chip in self.chips.items():
            rows = np.arange(len(points)) if on is None else np.flatnonzero(on == name)
            for part in (rows[start : start + MOST_VARIANTS] for start in range(0, len(rows), MOST_VARIANTS)):
                varied = {axis: columns[axis][part].astype(np.float64) for axis in self.inner}
                yield part, chip, with_varied(chip, varied)

    def quantities(self, names: Iterable[str], points: Floats) -> dict[str, Floats]:
        """Return numbers of the work and the chip at some points: name -> (points,).

        What follows from an axis is as the axis has it, such as what an array of other lanes does per cycle.
        """
        found = {name: np.empty(len(points)) for name in names}
        of_chip = [name for name in found if name not in WORK]
        columns = self.columns(points)
        for name in found.keys() & set(WORK):
            found[name][:] = columns[name] if name in columns else getattr(self.base, name)
        for rows, _, chip in self.variants(points) if of_chip else ():
            for name, values in numbers_of(chip, of_chip).items():
                found[name][rows] = values
        return found

    def known(self) -> tuple[str, ...]:
        """Return every number of the work and of all the chips."""
        first, *others = (choosable(chip) for chip in self.chips.values())
        return (*WORK, *(path for path in first if all(path in paths for paths in others)))

    def sensible(self, points: Floats) -> dict[str, Bools]:
        """Return where each rule on the numbers of a chip holds: the rule's words -> (points,)."""
        found: dict[str, Bools] = {}
        for rows, chip, varied in self.variants(points):
            for check in chip_checks(varied, as_in_file=chip):
                found.setdefault(check.rule, np.ones(len(points), dtype=bool))[rows] = check.holds
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Points that differ in a chip's numbers alone. `rows` are their positions among the points asked for."""

    model: str
    recipe: Recipe
    parts: tuple[PartFormat, ...]
    utterance: Utterance
    chip: Chip
    varied: Mapping[str, Floats]
    """Key path -> (rows,)."""
    rows: Ints


def blocks(space: Space, points: Floats) -> tuple[Block, ...]:
    """Return some points as blocks, given their coordinates: (points, axes)."""
    outer = list(space.outer)
    if outer:
        _, first, group = np.unique(points[:, outer], axis=0, return_index=True, return_inverse=True)
    else:
        first, group = np.zeros(1, dtype=np.int64), np.zeros(len(points), dtype=np.int64)
    columns = space.columns(points)
    found = []
    for idx, row in enumerate(first):
        rows = np.flatnonzero(group.reshape(-1) == idx)
        found.append(_block(space, columns, rows, int(row)))
    return tuple(found)


def _block(space: Space, columns: dict[str, Column], rows: Ints, row: int) -> Block:
    here = partial(_here, space.base, columns, row)
    parts = [(part, name) for name in columns if (part := part_of(name))]
    return Block(
        model=str(here("model")),
        recipe=space.recipes[str(here("recipe"))],
        parts=tuple(PartFormat(*part, Format.parse(str(columns[name][row]))) for part, name in parts),
        utterance=Utterance(
            float(here("audio_s")), int(here("tokens")), int(here("batch")), int(here("beam"))
        ),
        chip=space.chips[str(here("chip"))],
        varied={name: columns[name][rows].astype(np.float64) for name in space.inner},
        rows=rows,
    )


def _here(base: Base, columns: dict[str, Column], row: int, name: str) -> str | float:
    """Return what a point has under a name: on an axis, or else in the base."""
    found: str | float = columns[name][row] if name in columns else getattr(base, name)
    return found
