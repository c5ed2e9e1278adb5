"""What the commands that run a network share: their options."""

from typing import Annotated

import typer

FloatModelArgument = Annotated[
    str, typer.Argument(help="A known model, a hub id, or the folder of a checkpoint.")
]
CorpusOption = Annotated[
    str, typer.Option(help="bundled, audiofolder:PATH, or a corpus of the Open ASR Leaderboard.")
]
LimitOption = Annotated[int | None, typer.Option(min=1, help="At most so many utterances.")]
