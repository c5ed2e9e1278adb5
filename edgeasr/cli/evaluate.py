"""`edgeasr evaluate`: the word error rate of a recogniser on a corpus, measured."""

from pathlib import Path
from typing import Annotated

import typer

from edgeasr.cli.measuring import CorpusOption, LimitOption
from edgeasr.cli.output import Format, FormatOption, OutputOption, show, tell
from edgeasr.cli.parallel import ClusterOption, JobsOption


def evaluate(
    model: Annotated[
        str, typer.Argument(help="A known model, a hub id, or a folder: a checkpoint, quantized or not.")
    ],
    corpus: CorpusOption = "bundled",
    recipe: Annotated[
        str | None, typer.Option(help="Quantize by this recipe first: a bundled one, or a recipe file.")
    ] = None,
    calibration: Annotated[
        str, typer.Option(help="The corpus that the recipe is calibrated on, where it needs that.")
    ] = "bundled:calibration",
    limit: LimitOption = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Utterances decoded together.")] = 16,
    jobs: JobsOption = 1,
    cluster: ClusterOption = None,
    rows: Annotated[
        Path | None, typer.Option(help="Also keep every utterance's raw texts, as Parquet.")
    ] = None,
    format_: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Transcribe a corpus, score it, and show error rates with their 95 % intervals."""
    from dataclasses import replace
    from functools import partial

    from asr.corpora import load_corpus
    from asr.evaluate import evaluate as evaluate_
    from asr.evaluate import save_evaluation
    from asr.models import load_recogniser
    from edgeasr.cli.progress import progress_bars
    from edgeasr.executors import executor_of
    from reports.accuracy import accuracy_row
    from reports.workloads import check_not_packed

    check_not_packed(model, recipe)
    utterances = load_corpus(corpus, limit=limit)
    recogniser = load_recogniser(model)
    remarks: tuple[str, ...] = ()
    with progress_bars() as progress, executor_of(jobs, cluster) as executor:
        if recipe is not None:
            from asr.calibration import calibration_for
            from quant.quantize import quantize
            from quant.recipe import load_recipe

            chosen = load_recipe(recipe)
            told = partial(progress, f"calibration on {calibration}")
            data = calibration_for(recogniser, chosen, corpus=calibration, progress=told)
            quantized = quantize(recogniser.model, chosen, calibration=data, progress=progress)
            remarks = quantized.remarks
            recogniser = replace(recogniser, model=quantized.model)
        measured = evaluate_(
            recogniser,
            utterances,
            batch_size=batch_size,
            progress=lambda done, total: progress(f"{model} on {corpus}", done, total),
            executor=executor,
        )
    for remark in remarks:
        tell(f"note: {remark}")
    if rows is not None:
        save_evaluation(measured, rows)
        tell(f"utterances: {rows}")
    show((accuracy_row(measured, recipe=recipe),), format_, output=output)
