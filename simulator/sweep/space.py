"""The points of a sweep as things to cost: which recogniser does which work on which variant of a chip."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from hwmodels.chip import Chip
from hwmodels.op_table import Bools, Floats, Ints
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

    def quantities(self, names: Iterable[str], points: Floats) -> dict[str, Floats]:
        """Return numbers of the work and the chip at some points: name -> (points,)."""
        columns = self.columns(points)
        return {name: self._quantity(name, columns, len(points)) for name in names}

    def _quantity(self, name: str, columns: dict[str, Column], n_points: int) -> Floats:
        if name in columns:
            return columns[name].astype(np.float64)
        if name in WORK:
            return np.full(n_points, float(getattr(self.base, name)))
        if "chip" not in columns:
            return np.full(n_points, _number(self.chips[self.base.chip], name))
        names, positions = np.unique(columns["chip"], return_inverse=True)
        return np.array([_number(self.chips[str(chip)], name) for chip in names])[positions]

    def known(self) -> tuple[str, ...]:
        """Return every number of the work and of all the chips."""
        shared = [dict(chip.quantities()) for chip in self.chips.values()]
        return (*WORK, *(path for path in shared[0] if all(path in paths for paths in shared)))

    def sensible(self, points: Floats) -> Bools:
        """Return where no memory is faster than a nearer one, which data crosses on its way: (points,)."""
        found = np.ones(len(points), dtype=bool)
        chips = self.columns(points).get("chip")
        for name, chip in self.chips.items():
            here = np.ones(len(points), dtype=bool) if chips is None else chips == name
            paths = (
                f"levels.{level.name}.bandwidth_bytes_per_s"
                for level in chip.levels
                if level.bandwidth_bytes_per_s is not None
            )
            for nearer, farther in pairwise(self.quantities(paths, points[here]).values()):
                found[here] &= farther <= nearer
        return found


def _number(chip: Chip, path: str) -> float:
    return dict(chip.quantities())[path].value


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
    inner = [axis.name for idx, axis in enumerate(space.axes) if idx not in outer]
    found = []
    for idx, row in enumerate(first):
        rows = np.flatnonzero(group.reshape(-1) == idx)
        found.append(_block(space, columns, inner, rows, int(row)))
    return tuple(found)


def _block(space: Space, columns: dict[str, Column], inner: list[str], rows: Ints, row: int) -> Block:
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
        varied={name: columns[name][rows].astype(np.float64) for name in inner},
        rows=rows,
    )


def _here(base: Base, columns: dict[str, Column], row: int, name: str) -> str | float:
    """Return what a point has under a name: on an axis, or else in the base."""
    found: str | float = columns[name][row] if name in columns else getattr(base, name)
    return found
