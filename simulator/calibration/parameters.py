"""What a calibration may change: named groups of a chip's numbers that scale together."""

import math
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from hwmodels.chip import Chip
from hwmodels.quantity import Quantity
from traces.errors import EdgeAsrError

MOST = 5
"""Parameters of one fit: more would follow the noise of some tens of networks."""

SCALE_LOW, SCALE_HIGH = 0.25, 4.0
"""How far a fit may move a number; one that ends there is reported, since it says the model is wrong."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A physical quantity behind one or several numbers of a chip; `paths` are as `Chip.quantities`."""

    name: str
    paths: tuple[str, ...]


def default_parameters(chip: Chip) -> tuple[Parameter, ...]:
    """Return what a calibration fits unless told otherwise, most influential first.

    The speed of units that have one at their rates, else the rates of matrix units and cores by the kind of
    arithmetic; the rate of vector units, the bandwidth of the farthest memory, the fixed time per op, and the
    power drawn while running. Within a group the ratios of the chip file stay: how fast depthwise
    convolutions are beside dense ones is no free parameter.
    """
    kinds = {unit.name: unit.kind for unit in chip.units}

    def rates(*of: str, is_float: bool | None = None) -> tuple[str, ...]:
        return tuple(
            f"rates.{rate.name}.per_cycle"
            for rate in chip.rates
            if kinds[rate.unit] in of
            and (is_float is None or rate.activation.startswith("float") == is_float)
        )

    speeds = tuple(f"units.{unit.name}.speed" for unit in chip.units if unit.speed is not None)
    integers, floats = rates("matrix", "core", is_float=False), rates("matrix", "core", is_float=True)
    far = next((level for level in reversed(chip.levels) if level.bandwidth_bytes_per_s is not None), None)
    groups = (
        Parameter("speed", speeds),
        Parameter("integer_rate", () if speeds else integers),
        Parameter("float_rate", () if speeds else floats),
        Parameter("vector_rate", rates("vector")),
        Parameter("memory_bandwidth", () if far is None else (f"levels.{far.name}.bandwidth_bytes_per_s",)),
        Parameter("time_per_op", ("overheads.per_op_s",)),
        Parameter("power", power_paths(chip)),
    )
    return tuple(group for group in groups if group.paths and _can_scale(chip, group))


def power_paths(chip: Chip) -> tuple[str, ...]:
    """Return the key paths of what the chip draws while it runs, whatever it does."""
    clock = () if chip.energy.clock_j is None else ("energy.clock_j",)
    return ("energy.static_power_w", *clock)


def chosen_parameters(chip: Chip, texts: tuple[str, ...]) -> tuple[Parameter, ...]:
    """Return the parameters written as `name=glob,glob` over key paths of the chip's numbers.

    Raises:
        EdgeAsrError: if a text has another form, a glob matches no number, or there are more than five.
    """
    known = [path for path, _ in chip.quantities()]
    found = []
    for text in texts:
        name, equals, globs = text.partition("=")
        if not equals or not name.strip() or not globs.strip():
            raise EdgeAsrError(
                f"'{text}' names no parameter; write name=path,path, such as vectors=rates.vector-*.per_cycle"
            )
        paths: list[str] = []
        for glob in globs.split(","):
            matched = [path for path in known if fnmatchcase(path, glob.strip())]
            if not matched:
                raise EdgeAsrError(
                    f"parameter '{name}': '{glob.strip()}' matches no number of chip {chip.name}; "
                    f"`edgeasr chips show {chip.name}` lists them"
                )
            paths += [path for path in matched if path not in paths]
        parameter = Parameter(name.strip(), tuple(paths))
        if not _can_scale(chip, parameter):
            raise EdgeAsrError(f"parameter '{name}': all its numbers are 0, which no factor changes")
        found.append(parameter)
    if len(found) > MOST:
        raise EdgeAsrError(f"{len(found)} parameters are too many to fit at once; name at most {MOST}")
    return tuple(found)


def scaled(chip: Chip, parameters: tuple[Parameter, ...], *, factors: tuple[float, ...]) -> Chip:
    """Return the chip with the numbers of each parameter, and their ranges, multiplied by its factor."""
    numbers = dict(chip.quantities())
    for parameter, factor in zip(parameters, factors, strict=True):
        for path in parameter.paths:
            chip = chip.with_quantity(path, _times(numbers[path], factor))
    return chip


def refitted(
    chip: Chip,
    parameters: tuple[Parameter, ...],
    *,
    factors: tuple[float, ...],
    spreads: tuple[float, ...],
    n_rows: int,
) -> Chip:
    """Return the chip with the numbers of each parameter multiplied, of kind fitted, within exp(+-spread)."""
    numbers = dict(chip.quantities())
    for parameter, factor, spread in zip(parameters, factors, spreads, strict=True):
        for path in parameter.paths:
            value = numbers[path].value * factor
            source = (
                f"{parameter.name}: {factor:.3g} times the number of {chip.name}, "
                f"fitted to {n_rows} measured rows"
            )
            low, high = value * math.exp(-spread), value * math.exp(spread)
            chip = chip.with_quantity(path, Quantity(value, "fitted", source, low, high))
    return chip


def _times(quantity: Quantity, factor: float) -> Quantity:
    return replace(
        quantity, value=quantity.value * factor, low=quantity.low * factor, high=quantity.high * factor
    )


def _can_scale(chip: Chip, parameter: Parameter) -> bool:
    numbers = dict(chip.quantities())
    return any(numbers[path].value > 0 for path in parameter.paths)
