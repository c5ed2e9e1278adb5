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
        str | None,
        typer.Option(help="A corpus to find fixed activation ranges on, where the recipe has any."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many calibration utterances.")] = 128,
) -> None:
    """Quantize a recogniser and write it as packed integers; `evaluate` and `estimate` take the folder."""
    from edgeasr.cli.progress import progress_bars
    from quant.recipe import load_recipe
    from reports.recognisers import find_recogniser, quantize_recogniser, save_recogniser

    chosen = load_recipe(recipe)
    recogniser = find_recogniser(model)
    with progress_bars() as progress:
        quantized = quantize_recogniser(
            recogniser, chosen, corpus=calibration, limit=limit, progress=progress
        )
        save_recogniser(recogniser, quantized, output)
    tell(f"packed checkpoint: {output}")
