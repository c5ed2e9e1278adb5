"""Cells that an earlier run of a study measured, beside those of a later one."""

from collections.abc import Iterator
from dataclasses import replace

from reports.benchmark.grid import Benchmark
from reports.data import CellRow, Fact, Manifest
from traces.errors import EdgeAsrError


def joined(
    cells: tuple[CellRow, ...], known: tuple[CellRow, ...], *, corpora: tuple[str, ...]
) -> tuple[CellRow, ...]:
    """Return the cells, those that were not measured filled in from earlier ones where these were.

    What a recipe costs is taken from `cells` throughout: it is computed, not measured.
    """
    rates = {(cell.model, cell.recipe, cell.corpus): cell for cell in known if cell.accuracy}
    mine = {(cell.model, cell.recipe, cell.corpus) for cell in cells if cell.accuracy}
    first = {(cell.model, cell.recipe): cell for cell in reversed(cells)}
    found: list[CellRow] = []
    for model, recipe in dict.fromkeys((cell.model, cell.recipe) for cell in cells):
        rows = [cell for cell in cells if (cell.model, cell.recipe) == (model, recipe) and cell.accuracy]
        for corpus in corpora:
            key = (model, recipe, corpus)
            if key in rates and key not in mine:
                rows.append(_measured_as(first[model, recipe], rates[key]))
        found += sorted(rows, key=lambda cell: corpora.index(cell.corpus)) or [first[model, recipe]]
    return tuple(found)


def check_same(later: Manifest, known: Benchmark) -> None:
    """Verify that the cells of an earlier run may stand beside those of a later one.

    Raises:
        EdgeAsrError: if study, seed, a corpus or a model is not the same.
    """
    for what, mine, theirs in _compared(later, known.manifest):
        if mine != theirs:
            raise EdgeAsrError(
                f"the known benchmark cannot be joined: its {what} is '{theirs}', the run's is '{mine}'"
            )


def _compared(later: Manifest, earlier: Manifest) -> Iterator[tuple[str, object, object]]:
    yield "study", later.name, earlier.name
    yield "seed", later.seed, earlier.seed
    for kind, mine, theirs in (
        ("corpus", later.corpora, earlier.corpora),
        ("model", later.models, earlier.models),
    ):
        for name, value in _in_both(mine, theirs):
            yield f"{kind} {name}", *value


def _in_both(mine: tuple[Fact, ...], theirs: tuple[Fact, ...]) -> Iterator[tuple[str, tuple[str, str]]]:
    values = {fact.name: fact.value for fact in theirs}
    for fact in mine:
        if fact.name in values:
            yield fact.name, (fact.value, values[fact.name])


def _measured_as(cell: CellRow, known: CellRow) -> CellRow:
    return replace(
        cell,
        corpus=known.corpus,
        accuracy=known.accuracy,
        quantization_s=known.quantization_s,
        calibration_utterances=known.calibration_utterances,
        calibration_tokens=known.calibration_tokens,
    )
