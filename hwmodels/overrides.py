"""Choosing numbers of a chip by key path: `levels.sram.size_bytes=2MiB`, `rates.dense-int8.lanes.n=32`."""

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from hwmodels.chip import Chip
from hwmodels.chip_checks import chip_checks, sign_mistake
from hwmodels.chosen import choosable, with_chosen
from hwmodels.lanes import EXTENTS
from hwmodels.units import parse_number
from traces.errors import EdgeAsrError, unknown_name


def apply_overrides(chip: Chip, overrides: tuple[str, ...]) -> Chip:
    """Return the chip with some numbers chosen; it is then hypothetical. The last of several for one counts.

    Each override is `key.path=value`: the path as `Chip.quantities` or `Chip.lanes` give it, the value with
    or without unit. What then holds of the chip must be what holds of one in a file.

    Raises:
        EdgeAsrError: if an override has another form, its path is unknown (nearest ones offered), its unit
            does not fit, or its value makes no sense, alone or beside the other numbers.
    """
    known, chosen = choosable(chip), {}
    for override in overrides:
        path, equals, text = override.partition("=")
        if not equals or not text.strip():
            raise EdgeAsrError(f"'{override}' sets nothing; write key.path=value, such as {_example(chip)}")
        if path not in known:
            raise unknown_name(f"number of chip {chip.name}", path, known=known)
        chosen[path] = np.asarray(number_at(path, text))
    if not chosen:
        return chip
    changed = with_chosen(chip, chosen)
    for check in chip_checks(changed, as_in_file=chip):
        if check.mistake:
            raise EdgeAsrError(f"chip {chip.name}: {check.mistake}")
    return replace(changed, hypothetical=True)


def ranges_left(chip: Chip, chosen: Collection[str]) -> tuple[str, ...]:
    """Return the numbers that have a range on the chip, and none once they are chosen.

    `chosen` are key paths, or overrides of them.
    """
    paths = {each.partition("=")[0] for each in chosen}
    return tuple(path for path, number in chip.quantities() if number.has_range and path in paths)


def number_at(path: str, text: str) -> float:
    """Return what a text stands for as the number at a key path, in SI base units.

    Raises:
        EdgeAsrError: if it is no number, its unit does not fit, or its value makes no sense.
    """
    try:
        value = parse_number(text, key=path)
    except EdgeAsrError as error:
        raise EdgeAsrError(f"{path}: {error}") from error
    if is_whole(path) and (value < 1 or value != int(value)):
        raise EdgeAsrError(f"{path}: {value:g} makes no sense; write a whole number of at least 1")
    mistake = sign_mistake(path, value)
    if mistake:
        raise EdgeAsrError(f"{path}: {mistake}")
    return value


def is_whole(path: str) -> bool:
    """Return whether the number at a key path counts lanes, and is whole."""
    *_, above, key = ("", *path.split("."))
    return above == "lanes" and key in EXTENTS


def _example(chip: Chip) -> str:
    return f"levels.{chip.levels[-1].name}.size_bytes=2MiB"
