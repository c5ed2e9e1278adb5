"""Joining what was measured with what was costed, as the rows of a report."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from asr.evaluate import Evaluation
from asr.score import compare
from reports.chip_rows import bandwidth_rows, ceiling_rows, chip_row, provenance_rows
from reports.data import FLOAT_RECIPE, Accuracy, CellRow, Manifest, Range, StudyData
from reports.estimates import estimate_row, phase_rows, point_rows
from reports.layers import layer_rows
from reports.study.config import Study
from reports.study.cost import Costed
from reports.study.folder import Measured
from simulator.metrics import packed_bytes

EMPTY_MANIFEST = Manifest("", "", "", 0.0, 0, (), (), (), ())


def empty_data() -> StudyData:
    """Return a study without rows, to be extended."""
    return StudyData(EMPTY_MANIFEST, (), (), (), (), (), (), (), (), (), ())


def extended(data: StudyData, costed: Costed, *, measured: Sequence[Measured], study: Study) -> StudyData:
    """Return the rows with those of one more model under one recipe."""
    model, recipe = costed.model, costed.variant.recipe.name
    known_chips = {row.chip for row in data.chips}
    layers = tuple(
        row for estimate in costed.estimates for row in layer_rows(estimate, model=model, recipe=recipe)
    )
    new_chips = [estimate.chip for estimate in costed.estimates if estimate.chip.name not in known_chips]
    bandwidths = (*data.bandwidths, *(row for chip in new_chips for row in bandwidth_rows(chip)))
    return replace(
        data,
        chips=(*data.chips, *(chip_row(chip) for chip in new_chips)),
        ceilings=(*data.ceilings, *(row for chip in new_chips for row in ceiling_rows(chip))),
        bandwidths=bandwidths,
        provenance=(*data.provenance, *(row for chip in new_chips for row in provenance_rows(chip))),
        cells=(*data.cells, *_cell_rows(costed, measured, study)),
        estimates=(
            *data.estimates,
            *(
                estimate_row(estimate, model=model, recipe=recipe, mix=costed.mix.described())
                for estimate in costed.estimates
            ),
        ),
        phases=(
            *data.phases,
            *(
                row
                for estimate in costed.estimates
                for row in phase_rows(estimate, model=model, recipe=recipe)
            ),
        ),
        layers=(*data.layers, *layers),
        points=(*data.points, *point_rows(layers, bandwidths)),
    )


def _cell_rows(costed: Costed, measured: Sequence[Measured], study: Study) -> list[CellRow]:
    """Return a row per corpus, or one without accuracy for a model that was only costed."""
    counts, recipe = costed.counts, costed.variant.recipe.name
    unmeasured = CellRow(
        model=costed.model,
        family=costed.workload.family,
        recipe=recipe,
        corpus="",
        accuracy=None,
        parameters=costed.workload.parameters,
        packed_bytes=packed_bytes(costed.workload),
        macs=float(np.mean(counts.macs)),
        bops=float(np.mean(counts.bops)),
        bops_accumulator=float(np.mean(counts.bops_with_accumulator)),
        memory_io_bytes=float(np.mean(counts.memory_io_bytes)),
        formats=costed.variant.formats,
        method=costed.variant.method,
        costed_as=costed.costed_as,
    )
    cells = {(cell.cell.model, cell.cell.recipe, cell.cell.corpus): cell for cell in measured}
    rows = [
        _measured_row(unmeasured, found, cells.get((costed.model, FLOAT_RECIPE, corpus)), study)
        for corpus in study.corpora
        if (found := cells.get((costed.model, recipe, corpus)))
    ]
    return rows or [unmeasured]


def _measured_row(row: CellRow, found: Measured, baseline: Measured | None, study: Study) -> CellRow:
    accuracy = accuracy_of(
        found.evaluation,
        baseline.evaluation if baseline is not None and found.cell.recipe != FLOAT_RECIPE else None,
        n_resamples=study.resamples,
        seed=study.seed,
    )
    return replace(
        row,
        corpus=found.cell.corpus,
        accuracy=accuracy,
        quantization_s=found.effort.quantization_s,
        calibration_utterances=found.effort.calibration_utterances,
        calibration_tokens=found.effort.calibration_tokens,
    )


def accuracy_of(
    evaluation: Evaluation, baseline: Evaluation | None, *, n_resamples: int, seed: int
) -> Accuracy:
    """Return an evaluation as a report shows it; `baseline` is the float model's on the same utterances."""
    scores = evaluation.scores
    difference = None
    if baseline is not None:
        change = compare(evaluation.rows, baseline.rows, n_resamples=n_resamples, seed=seed)
        difference = Range(change.interval.low, change.difference, change.interval.high)
    return Accuracy(
        wer=Range(scores.wer_interval.low, scores.wer, scores.wer_interval.high),
        wer_difference=difference,
        cer=scores.cer,
        insertions_on_silence=scores.silence_insertions,
        n_silent=scores.n_silent,
        n_utterances=scores.n_utterances,
        n_words=scores.n_words,
        rtfx=scores.rtfx,
    )
