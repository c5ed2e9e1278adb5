"""`edgeasr diff`: what changed between two estimates or runs, layer by layer."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from edgeasr.cli.output import Format, FormatOption, OutputOption, show, tell

if TYPE_CHECKING:
    from reports.diff.explain import Total


class By(StrEnum):
    """What the table lists."""

    LAYER = "layer"
    TOTAL = "total"


class Order(StrEnum):
    """Whose changes come first."""

    LATENCY = "latency"
    ENERGY = "energy"


_SIDE = (
    "A run folder, a table of `edgeasr estimate --by layer`, or an estimate as "
    "MODEL,CHIP[,RECIPE][,NUMBER=VALUE...]."
)
_ONCE_OR_TWICE = "of both sides, or given twice, of the first and of the second."


def diff(
    first: Annotated[str, typer.Argument(help=_SIDE)],
    second: Annotated[str, typer.Argument(help="The same, for what it is compared with.")],
    model: Annotated[list[str] | None, typer.Option(help=f"The model {_ONCE_OR_TWICE}")] = None,
    recipe: Annotated[list[str] | None, typer.Option(help=f"The recipe {_ONCE_OR_TWICE}")] = None,
    chip: Annotated[list[str] | None, typer.Option(help=f"The chip {_ONCE_OR_TWICE}")] = None,
    audio: Annotated[float, typer.Option(help="Seconds of audio, where something is estimated now.")] = 5.0,
    tokens: Annotated[int, typer.Option(help="Tokens the decoder generates there.")] = 20,
    by: Annotated[By, typer.Option(help="Layers, largest change first, or totals.")] = By.LAYER,
    order: Annotated[Order, typer.Option(help="Whose changes come first.")] = Order.LATENCY,
    format_: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Explain the change between two estimates or runs: which layers, and which term of their time."""
    from reports.diff.explain import changes, total
    from reports.diff.load import load_sides
    from reports.diff.pairs import Selection, pairs, selected

    names = [_twice(kind, given) for kind, given in (("model", model), ("recipe", recipe), ("chip", chip))]
    sides = [
        selected(load_sides(word, audio_s=audio, tokens=tokens), Selection(*chosen))
        for word, chosen in zip((first, second), zip(*names, strict=True), strict=True)
    ]
    compared = pairs(*sides)
    if by is By.TOTAL:
        show([total(*pair) for pair in compared], format_, output=output)
        return
    if len(compared) > 1:
        raise typer.BadParameter(
            f"{len(compared)} estimates are on both sides: choose one with --model, --recipe and --chip, "
            "or compare their totals with --by total"
        )
    tell(_said(total(*compared[0])))
    show(changes(*compared[0], of_energy=order is Order.ENERGY), format_, output=output)


def _twice(kind: str, given: list[str] | None) -> tuple[str | None, str | None]:
    match given or []:
        case []:
            return None, None
        case [both]:
            return both, both
        case [first, second]:
            return first, second
        case more:
            raise typer.BadParameter(f"--{kind} is given {len(more)} times; give it once, or once per side")


def _said(whole: "Total") -> str:
    from reports.units import joules, percent, points, seconds

    latency = f"latency {seconds(whole.latency_first_s)} to {seconds(whole.latency_second_s)}"
    energy = f"energy {joules(whole.energy_first_j)} to {joules(whole.energy_second_j)}"
    parts = [latency, energy]
    if whole.wer_difference is not None:
        rates = f"{percent(whole.wer_first or 0.0)} to {percent(whole.wer_second or 0.0)}"
        parts.append(f"WER {rates} ({points(whole.wer_difference)})")
    return f"{whole.first} -> {whole.second}: {', '.join(parts)}"
