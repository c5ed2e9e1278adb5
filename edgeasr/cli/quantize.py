"""`edgeasr quantize`: a packed checkpoint of a quantized recogniser."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgeasr.cli.measuring import FloatModelArgument
from edgeasr.cli.output import Format, FormatOption, show, tell

if TYPE_CHECKING:
    from asr.recogniser import Recogniser
    from quant.calibration import CalibrationData
    from quant.quantize import QuantizedModel
    from traces.progress import Progress

DETAIL_UTTERANCES = 32
"""Utterances that details are measured on: some thousands of encoder positions, whose mean is steady."""

INTERRUPTED = 130
"""The exit code of a command stopped by Ctrl-C: 128 and the number of the signal."""


def quantize(
    model: FloatModelArgument,
    recipe: Annotated[str, typer.Option(help="A bundled recipe, or the path of a recipe file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write.")],
    calibration: Annotated[
        str, typer.Option(help="The corpus that methods look at and fixed ranges are found on, where needed.")
    ] = "bundled:calibration",
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="At most so many calibration utterances; otherwise as many as show the decoder two tokens "
            "per input of its widest layer.",
        ),
    ] = None,
    details: Annotated[
        bool,
        typer.Option(
            "--details",
            help="Show every layer's error and outliers; also details.csv and .png in the folder.",
        ),
    ] = False,
    held_out: Annotated[
        bool,
        typer.Option("--held-out", help="Details on utterances behind those that were calibrated on."),
    ] = False,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Quantize a recogniser and write it as packed integers; `evaluate` and `estimate` take the folder.

    What was interrupted goes on after the last finished block with the same command.
    """
    from functools import partial

    from asr.calibration import calibration_for
    from asr.models import load_recogniser, locate
    from edgeasr.cli.progress import progress_bars
    from quant.checkpoint import check_replaceable, save_quantized
    from quant.quantize import quantize as quantize_
    from quant.recipe import load_recipe
    from reports.workloads import check_not_packed

    check_not_packed(model, recipe)
    check_replaceable(output)
    chosen = load_recipe(recipe)
    recogniser = load_recogniser(model)
    folder, name, _ = locate(model)
    unfinished = output.with_name(f".{output.name}.unfinished")
    try:
        with progress_bars() as progress:
            told = partial(progress, f"calibration on {calibration}")
            data = calibration_for(recogniser, chosen, corpus=calibration, limit=limit, progress=told)
            seen = _shown(recogniser, calibration, data, held_out, progress) if details or held_out else None
            quantized = quantize_(
                recogniser.model,
                chosen,
                calibration=data,
                progress=progress,
                resume=unfinished,
                details=seen,
            )
            save_quantized(quantized, output, source=folder)
    except KeyboardInterrupt as interrupt:
        kept = unfinished.is_dir()
        tell(f"interrupted; the same command {f'goes on from {unfinished}' if kept else 'begins anew'}")
        raise typer.Exit(INTERRUPTED) from interrupt
    shutil.rmtree(unfinished, ignore_errors=True)
    for remark in quantized.remarks:
        tell(f"note: {remark}")
    if quantized.details:
        _tell_details(quantized, output, f"{name}, {chosen.name}", format_)
    tell(f"packed checkpoint: {output}")


def _shown(
    recogniser: "Recogniser",
    corpus: str,
    calibrated: "CalibrationData | None",
    held_out: bool,
    progress: "Progress",
) -> "CalibrationData":
    """Return what details are measured on: the first calibration utterances, or those behind all of them."""
    from functools import partial

    from asr.calibration import calibration_data
    from asr.corpora import load_corpus
    from quant.calibration import CalibrationData

    if calibrated is not None and not held_out:
        return CalibrationData(calibrated.batches[:DETAIL_UTTERANCES])
    return calibration_data(
        recogniser,
        load_corpus(corpus),
        start=0 if calibrated is None else calibrated.n_utterances,
        limit=DETAIL_UTTERANCES,
        progress=partial(progress, f"utterances of {corpus} for details"),
    )


def _tell_details(quantized: "QuantizedModel", folder: Path, title: str, format_: Format) -> None:
    from reports.details import save_details

    parquet = format_ is Format.PARQUET
    if not parquet:
        show(quantized.details, format_, output=None)
    for path in save_details(quantized.details, folder, title=title, table="parquet" if parquet else "csv"):
        tell(f"details: {path}")
