"""The formats that units may take on a chip, and what the chip makes of each."""

from dataclasses import dataclass

from hwmodels.chip import Chip
from reports.bits.question import Question
from simulator.mixing import Unit
from simulator.supported import FormatSupport, Support, supports, usable
from traces.errors import EdgeAsrError

CANDIDATES = (
    "w8a8", "w8a16", "w4a8-g32", "w4a16-g32", "w3a8-g32", "w3a16-g32", "w2a8-g32", "w2a16-g32",
    "w4a8-g32-kv4", "float",
)  # fmt: skip
"""Where none are asked for. Groups of 32 divide every width of Whisper and Moonshine."""

MOST_FORMATS = 16
"""Beyond these, measuring takes longer than it tells."""


@dataclass(frozen=True, slots=True)
class ChipFormats:
    """A chip, the names of the formats its units may take, and how it does each."""

    chip: Chip
    names: tuple[str, ...]
    supports: tuple[FormatSupport, ...]


def asked_formats(question: Question) -> tuple[str, ...]:
    """Return the formats asked for, or `CANDIDATES`.

    Raises:
        EdgeAsrError: if one is unknown or listed twice, or there are too many.
    """
    asked = question.formats or CANDIDATES
    repeated = sorted({name for name in asked if asked.count(name) > 1})
    if repeated:
        raise EdgeAsrError(f"format {repeated[0]} is listed twice; keep one")
    if len(asked) > MOST_FORMATS:
        raise EdgeAsrError(f"{len(asked)} formats are more than {MOST_FORMATS}; leave some out")
    for name in asked:
        question.recipe(name)
    return asked


def formats_on(question: Question, chip: Chip, *, units: tuple[Unit, ...]) -> ChipFormats:
    """Return the formats asked for, or those of `CANDIDATES`, that the chip computes or stores.

    Raises:
        EdgeAsrError: if a format is unknown or listed twice, or the chip can do none of those asked for.
    """
    asked = asked_formats(question)
    layer = next(unit.layers[0] for unit in units if not unit.attentions and ".layers." in unit.name)
    attention = next(unit.attentions[0] for unit in units if unit.attentions and ".decoder." in unit.name)
    recipes = [question.recipe(name) for name in asked]
    found = supports(chip, recipes, layer=layer, attention=attention)
    by_name = dict(zip(asked, found, strict=True))
    names = (
        tuple(name for name in asked if by_name[name].support is not Support.NONE)
        if question.formats
        else usable(found)
    )
    if not names:
        raise EdgeAsrError(f"chip {chip.name} can do none of {', '.join(asked)}: {found[0].why}")
    return ChipFormats(chip, names, tuple(by_name[name] for name in names))
