"""A study's cells as a benchmark: per model and corpus, a grid of methods and formats."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from reports.data import FLOAT_RECIPE, CellRow, Manifest, StudyData
from reports.index import unique
from traces.errors import EdgeAsrError


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What a benchmark shows: every cell of a study, its caveats, and what it takes to get it again."""

    manifest: Manifest
    cells: tuple[CellRow, ...]
    notes: tuple[str, ...]
    earlier: tuple[Manifest, ...] = ()
    """Other runs of the study that measured some of the cells, latest first."""


@dataclass(frozen=True, slots=True)
class Grid:
    """One model on one corpus; the formats are those of its cells, the methods those of the study."""

    model: str
    corpus: str
    formats: tuple[str, ...]
    methods: tuple[str, ...]
    reference: CellRow | None
    """The model in float."""
    cells: tuple[CellRow, ...]
    """Those of the grid; combinations that were left out or failed are missing."""

    def cell(self, method: str, formats: str) -> CellRow | None:
        """Return the cell of a method under some formats."""
        found = (cell for cell in self.cells if (cell.method, cell.formats) == (method, formats))
        return next(found, None)

    def best(self, formats: str) -> CellRow | None:
        """Return the cell with the lowest error rate under some formats, the earliest method of equals."""
        measured = [(cell, wer(cell)) for cell in self.cells if cell.formats == formats]
        rated = [(cell, rate) for cell, rate in measured if rate is not None]
        return min(rated, key=lambda pair: pair[1])[0] if rated else None


def benchmark_of(study: StudyData, *, earlier: tuple[Manifest, ...] = ()) -> Benchmark:
    """Return the part of a study that its benchmark shows; `earlier` runs measured some of its cells."""
    return Benchmark(study.manifest, study.cells, study.notes, earlier)


def has_grid(cells: Iterable[CellRow]) -> bool:
    """Return whether there is a benchmark to show."""
    return any(cell.method for cell in cells)


def grids(cells: tuple[CellRow, ...]) -> tuple[Grid, ...]:
    """Return the grid of each model on each corpus it was measured on, in the study's order."""
    return tuple(_grids(cells))


def wer(cell: CellRow) -> float | None:
    """Return a cell's word error rate, a fraction; None where it was not measured."""
    return cell.accuracy.wer.nominal if cell.accuracy else None


def _grids(cells: tuple[CellRow, ...]) -> Iterator[Grid]:
    methods = unique(cell.method for cell in cells if cell.method)
    formats = unique(cell.formats for cell in cells if cell.method)
    for model in unique(cell.model for cell in cells if cell.method):
        for corpus in unique(cell.corpus for cell in cells if cell.accuracy):
            here = tuple(cell for cell in cells if (cell.model, cell.corpus) == (model, corpus))
            measured = {cell.formats for cell in here if cell.method}
            if measured:
                yield Grid(
                    model,
                    corpus,
                    tuple(name for name in formats if name in measured),
                    methods,
                    next((cell for cell in here if cell.recipe == FLOAT_RECIPE), None),
                    tuple(cell for cell in here if cell.method),
                )


def benchmark_json(benchmark: Benchmark) -> str:
    """Return the benchmark as JSON text, a line per cell; `load_benchmark` gives an equal value."""
    manifest, notes = json.dumps(asdict(benchmark.manifest)), json.dumps(benchmark.notes)
    earlier = json.dumps([asdict(each) for each in benchmark.earlier])
    cells = ",\n  ".join(json.dumps(asdict(cell)) for cell in benchmark.cells)
    head = f' "manifest": {manifest},\n "notes": {notes},\n "earlier": {earlier},\n'
    return f'{{\n{head} "cells": [\n  {cells}\n ]\n}}\n'


def load_benchmark(path: Path) -> Benchmark:
    """Return the benchmark of a JSON file.

    Raises:
        EdgeAsrError: if the file is missing or of another kind.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(Benchmark).validate_json(path.read_bytes())
    except OSError as error:
        raise EdgeAsrError(f"'{path}' cannot be read ({error.strerror}); check the path") from error
    except ValidationError as error:
        raise EdgeAsrError(f"'{path}' is no benchmark of this version; write the report again") from error
