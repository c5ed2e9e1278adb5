"""`edgeasr quantize`: a packed checkpoint of a quantized recogniser."""

from pathlib import Path
from typing import Annotated

import typer

from edgeasr.cli.output import tell


def quantize(
    model: Annotated[str, typer.Argument(help="A known model, a hub id, or the folder of a checkpoint.")],
    recipe: Annotated[str, typer.Option(help="A bundled recipe, or the path of a recipe file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write.")],
    calibration: Annotated[
        str, typer.Option(help="The corpus that fixed activation ranges are found on, if the recipe has any.")
    ] = "bundled:calibration",
    limit: Annotated[int, typer.Option(min=1, help="At most so many calibration utterances.")] = 128,
) -> None:
    """Quantize a recogniser and write it as packed integers; `evaluate` and `estimate` take the folder."""
    from functools import partial

    from asr.calibration import calibration_data
    from asr.corpora import load_corpus
    from asr.models import load_recogniser, locate
    from edgeasr.cli.progress import progress_bars
    from quant.checkpoint import save_quantized
    from quant.quantize import quantize as quantize_
    from quant.recipe import load_recipe
    from reports.workloads import check_not_packed

    check_not_packed(model, recipe)
    chosen = load_recipe(recipe)
    corpus = load_corpus(calibration, limit=limit) if chosen.needs_calibration else None
    recogniser = load_recogniser(model)
    folder, _, _ = locate(model)
    with progress_bars() as progress:
        data = (
            calibration_data(recogniser, corpus, progress=partial(progress, f"transcripts of {calibration}"))
            if corpus is not None
            else None
        )
        quantized = quantize_(recogniser.model, chosen, data, progress=progress)
        save_quantized(quantized, output, source=folder)
    tell(f"packed checkpoint: {output}")
