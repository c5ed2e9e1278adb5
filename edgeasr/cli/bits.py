"""`edgeasr bits`: which format each part of a recogniser gets within a chip's budget."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgeasr.cli.estimating import AudioOption, TokensOption
from edgeasr.cli.measuring import CorpusOption, FloatModelArgument, LimitOption
from edgeasr.cli.output import Format, FormatOption, show, tell
from edgeasr.cli.parallel import ClusterOption, JobsOption
from traces.errors import EdgeAsrError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.bits.answer import Answer
    from reports.bits.chip_rows import ChipAnswerRow

NOT_MET = 3
"""The exit code where no recipe meets the budget."""


BudgetOption = Annotated[
    str, typer.Option(help="Limits: latency_s=0.2,energy_j=50mJ,packed_bytes=8MiB,sram_bytes=1MiB.")
]
ChipOption = Annotated[str | None, typer.Option(help="A chip of the library, or the path of a chip file.")]
ChipsOption = Annotated[
    str | None,
    typer.Option(help="Instead of --chip: all, or names; which of them can run it within the budget."),
]
FormatsOption = Annotated[
    str | None,
    typer.Option(
        help="What units may take: w8a8,w4a16-g32,w4a8-g32-kv4,float or recipes; those the chip computes "
        "or stores by default."
    ),
]
CostOnlyOption = Annotated[
    bool,
    typer.Option(
        "--cost-only",
        help="Measure nothing, for which no weights are needed: what bits cost one utterance.",
    ),
]


def bits(
    model: FloatModelArgument,
    budget: BudgetOption,
    chip: ChipOption = None,
    chips: ChipsOption = None,
    corpus: CorpusOption = "bundled",
    max_wer_increase: Annotated[
        float | None, typer.Option(min=0.0, help="At most so many points over float; predicted with --chips.")
    ] = None,
    formats: FormatsOption = None,
    method: Annotated[str, typer.Option(help="What rounds the weights: gptq, hqq or rtn.")] = "gptq",
    front: Annotated[
        bool, typer.Option("--front", help="Show the mixtures along the first budget instead.")
    ] = False,
    confirm: Annotated[
        int, typer.Option(min=0, help="Recipes measured to see how far the cheap proxy tells error rates.")
    ] = 12,
    calibration: Annotated[
        str, typer.Option(help="The corpus for the method and for sensitivities.")
    ] = "bundled:calibration",
    limit: LimitOption = None,
    cost_only: CostOnlyOption = False,
    audio: AudioOption = 5.0,
    tokens: TokensOption = 20,
    time_limit: Annotated[
        float, typer.Option(min=0.0, help="Seconds to search for a chip's mixture before a gap is reported.")
    ] = 60.0,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The run folder; runs/bits-MODEL by default."),
    ] = None,
    jobs: JobsOption = 1,
    cluster: ClusterOption = None,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Choose a number format for each part of a recogniser within a budget, and measure what that costs.

    Sensitivities and error rates are kept in the run folder; the same command continues. Exit code 3 says
    that no recipe meets the budget.
    """
    from edgeasr.cli.progress import progress_bars
    from edgeasr.executors import executor_of
    from reports.bits.chips import answer_chips
    from reports.bits.question import Question
    from reports.bits.run import answer
    from simulator.budgets import parse_budget
    from simulator.utterances import Utterance

    question = Question(
        model=model,
        chips=_chips(chip, chips),
        limits=parse_budget(budget),
        corpus=corpus,
        formats=tuple(name.strip() for name in formats.split(",")) if formats else (),
        method=method,
        max_wer_increase=None if max_wer_increase is None else max_wer_increase / 100,
        confirmed=confirm,
        calibration=calibration,
        limit=limit,
        utterance=Utterance(audio, tokens) if cost_only else None,
        time_limit_s=time_limit,
    )
    folder = output or Path("runs") / f"bits-{Path(model).name}"
    if chips is not None:
        with progress_bars() as progress, executor_of(jobs, cluster) as executor:
            rows = answer_chips(question, folder, progress=progress, executor=executor)
        is_met = _tell_chips(rows, folder, format_)
    else:
        with progress_bars() as progress, executor_of(jobs, cluster) as executor:
            found = answer(question, folder, progress=progress, executor=executor)
        is_met = _tell(found, folder, format_, front=front)
    if not is_met:
        raise typer.Exit(NOT_MET)


def _chips(chip: str | None, chips: str | None) -> tuple[str, ...]:
    from hwmodels.chip_file import chip_names

    if (chip is None) == (chips is None):
        raise EdgeAsrError("give either --chip NAME or --chips all (or several names)")
    if chip is not None:
        return (chip,)
    return chip_names() if chips == "all" else tuple(name.strip() for name in str(chips).split(","))


def _tell_chips(rows: "Sequence[ChipAnswerRow]", folder: Path, format_: Format) -> bool:
    """Show which chips meet the budget; return whether any does."""
    from reports.bits.chip_rows import summed_up
    from reports.bits.outputs import write_chips
    from reports.study.folder import RunFolder

    show(rows, format_, output=None)
    for sentence in (*summed_up(rows), f"table: {write_chips(rows, RunFolder(folder))}"):
        tell(sentence)
    return any(row.meets_budget for row in rows)


def _tell(found: "Answer", folder: Path, format_: Format, *, front: bool) -> bool:
    """Show the mixtures on one chip, or those along the front; return whether one meets the budget."""
    from reports.bits.outputs import write_answer
    from reports.bits.rows import candidate_rows, front_rows
    from reports.bits.words import gains, verdict
    from reports.study.folder import RunFolder

    show(front_rows(found) if front and found.front else candidate_rows(found), format_, output=None)
    page = write_answer(found, RunFolder(folder), command=shlex.join(["edgeasr", *sys.argv[1:]]))
    for sentence in (*verdict(found), *gains(found)):
        tell(sentence)
    if found.is_met:
        tell(f"recipe: {folder / 'recipe.yaml'}")
    tell(f"report: {page}")
    return found.is_met
