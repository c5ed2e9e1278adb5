"""Changing numbers of a chip by their key path: `levels.sram.size_bytes=2MiB`."""

from dataclasses import replace

from hwmodels.chip import Chip, bandwidth_mistake
from hwmodels.quantity import Quantity
from hwmodels.units import parse_number, suffix_of
from traces.errors import EdgeAsrError, unknown_name

SOURCE = "set by hand for this run"
_POSITIVE = frozenset({"bytes_per_s", "bytes", "hz", "per_cycle"})
"""Suffixes of numbers that must not be zero."""


def apply_overrides(chip: Chip, overrides: tuple[str, ...]) -> Chip:
    """Return the chip with some numbers changed; it is then hypothetical, and they are of kind assumed.

    Each override is `key.path=value`: the path as `Chip.quantities` gives it, the value with or without unit.

    Raises:
        EdgeAsrError: if an override has another form, its path is unknown (nearest ones offered), its unit
            does not fit, or its value makes no sense.
    """
    for override in overrides:
        path, equals, text = override.partition("=")
        known = dict(chip.quantities())
        if not equals or not text.strip():
            raise EdgeAsrError(f"'{override}' sets nothing; write key.path=value, such as {_example(chip)}")
        if path not in known:
            raise unknown_name(f"number of chip {chip.name}", path, known)
        chip = chip.with_quantity(path, Quantity.exact(number_at(path, text), "assumed", SOURCE))
    mistake = bandwidth_mistake(tuple((level.name, level.bandwidth_bytes_per_s) for level in chip.levels))
    if mistake:
        raise EdgeAsrError(f"chip {chip.name}: {mistake}")
    return replace(chip, hypothetical=True) if overrides else chip


def number_at(path: str, text: str) -> float:
    """Return what a text stands for as the number at a key path, in SI base units.

    Raises:
        EdgeAsrError: if it is no number, its unit does not fit, or its value makes no sense.
    """
    try:
        value = parse_number(text, key=path)
    except EdgeAsrError as error:
        raise EdgeAsrError(f"{path}: {error}") from error
    if value < 0 or (value == 0 and suffix_of(path) in _POSITIVE):
        raise EdgeAsrError(f"{path}: {value:g} makes no sense; write a positive number")
    return value


def _example(chip: Chip) -> str:
    return f"levels.{chip.levels[-1].name}.size_bytes=2MiB"
