"""What a reader of a study must know before trusting its numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import fields

from reports.data import StudyData
from reports.study.config import Pipeline, Study
from reports.study.grid import variants

MOSTLY = 0.5
"""From this share of assumed numbers on, a chip's results are called a sketch."""


def notes_of(study: Study, data: StudyData, *, failures: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the study's caveats, the weightiest first."""
    return (*(f"Not measured, for it failed: {failure}." for failure in failures), *_notes(study, data))


def _notes(study: Study, data: StudyData) -> Iterator[str]:
    n_measured = sum(cell.accuracy is not None for cell in data.cells)
    n_cells = len(study.models) * len(variants(study)) * len(study.corpora)
    if n_measured < n_cells:
        yield f"{n_cells - n_measured} of the study's {n_cells} cells are not measured."
    if data.chips:
        yield from _chip_notes(data)
    yield (
        f"Costs are means over the utterances of {study.corpora[0]}, with the tokens that the row's float "
        "model (of models that did not run: of a measured one) generates there, so recipes do equal work."
    )
    yield (
        "Word error rates are measured on the quantized network itself, its integer arithmetic imitated in "
        "float32; a chip's own rounding may differ."
    )
    if study.methods:
        yield (
            "Recipes of the grid are named FORMATS+METHOD. Those with the same formats and the same work at "
            "run time cost the same; where costs are broken down they stand under the first of them."
        )
        chosen = [text for pipeline in study.methods if (text := _settings(pipeline))]
        if chosen:
            yield f"Settings other than a method's own: {'; '.join(chosen)}."
    if study.cost_only:
        yield "Where the error rate reads 'not measured', only the architecture was costed; no weights ran."


def _settings(pipeline: Pipeline) -> str:
    """Return what a study chose otherwise than its methods do, such as `omniquant: epochs 5, not 20`."""
    chosen = []
    for step in pipeline.steps:
        own = type(step.config)()
        named = f"{step.name}'s " if len(pipeline.steps) > 1 else ""
        for field in fields(own):
            value, usual = getattr(step.config, field.name), getattr(own, field.name)
            if value != usual:
                chosen.append(f"{named}{field.name} {value}, not {usual}")
    return f"{pipeline.name}: {', '.join(chosen)}" if chosen else ""


def _chip_notes(data: StudyData) -> Iterator[str]:
    yield (
        "Latency and energy are predictions of analytic models. They were compared with measurements only "
        "where the chip's own numbers say so, and on the rows they were fitted to; nothing was checked blind."
    )
    for chip in data.chips:
        numbers = [row for row in data.provenance if row.chip == chip.chip]
        assumed = sum(row.kind == "assumed" for row in numbers)
        if numbers and assumed / len(numbers) >= MOSTLY:
            yield (
                f"{chip.chip}: {assumed} of {len(numbers)} numbers are assumed, so its results are a sketch; "
                "trust the interval, not the nominal value."
            )
    yield (
        "Intervals come from the ranges of a chip's parameters, all at their good or bad end at once. Memory "
        "sizes, codecs and tile limits have no range in them."
    )
