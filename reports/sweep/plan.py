"""A sweep made ready: every name in it looked up, every expression parsed, before anything is costed."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np

from hwmodels.chip_file import load_chip
from hwmodels.chosen import choosable
from hwmodels.op_table import Bools, Floats
from quant.recipe import load_recipe
from reports.sweep.accuracy import WordErrorRates, word_error_rates
from reports.sweep.config import Sweep
from reports.workloads import check_not_packed, find_workload
from simulator.annotate import in_formats
from simulator.sweep.axes import Axis, Choices, coordinates
from simulator.sweep.costs import COLUMNS
from simulator.sweep.expression import Expression, parse_expression
from simulator.sweep.parts import PARTS, part_of
from simulator.sweep.space import NAMES, WORK, Space
from simulator.utterances import Utterance, check_tokens, most_tokens
from traces.errors import EdgeAsrError, unknown_name

RESERVED = (*NAMES, "wer", "point", "feasible", "dominated_by")
"""Columns of the points beside axes and costs."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A sweep whose names are all known."""

    sweep: Sweep
    space: Space
    defined: tuple[tuple[str, Expression], ...]
    constraints: tuple[Expression, ...]
    rates: WordErrorRates | None

    def values(self, points: Floats, costs: Mapping[str, Floats]) -> dict[str, Floats]:
        """Return everything named at some points: what expressions need, and all that is defined.

        `points`: coordinates, (points, axes). `costs`: `COLUMNS`, or empty before anything is costed; what
        cannot be known then is left out.
        """
        needed = {name for _, each in self.defined for name in each.names}
        needed |= {name for each in self.constraints for name in each.names}
        found = self.space.quantities(sorted(needed & set(self.space.known())), points)
        found |= costs
        if costs:
            found["fits"] = (costs["excess_bytes"] <= 0).astype(np.float64)
            if self.rates is not None:
                found["wer"] = self.rates.at(self.space, points)
        for name, expression in self.defined:
            if found.keys() >= set(expression.names):
                found[name] = np.broadcast_to(expression(found), len(points)).astype(np.float64)
        return found

    def met(self, values: Mapping[str, Floats], points: Floats) -> dict[str, Bools]:
        """Return where each constraint holds whose values are known: text -> (points,).

        Beside them stand the rules on a chip's numbers: no memory is faster than a nearer one, and so on.
        """
        known = (each for each in self.constraints if values.keys() >= set(each.names))
        found = {each.text: np.broadcast_to(each(values).astype(bool), len(points)) for each in known}
        return found | self.space.sensible(points)


def plan_of(sweep: Sweep) -> Plan:
    """Return a sweep made ready.

    Raises:
        EdgeAsrError: for the first name that is unknown, with the nearest known ones, or the first
            expression that is none.
    """
    base, axes = sweep.base, {axis.name: axis for axis in sweep.axes}
    space = Space(
        sweep.axes,
        base,
        chips={name: load_chip(name) for name in _names(axes, "chip", base.chip)},
        recipes={name: load_recipe(name) for name in _names(axes, "recipe", base.recipe)},
    )
    _check_axes(space)
    for model in _names(axes, "model", base.model):
        workload = find_workload(model)
        check_not_packed(model, next(iter(space.recipes)))
        for recipe in space.recipes.values() if workload.family == "network" else ():
            in_formats(workload, recipe)
    rates = None if sweep.accuracy is None else word_error_rates(sweep.accuracy)
    known = [*space.known(), *COLUMNS, "fits", *(["wer"] if rates else [])]
    defined = []
    for name, text in sweep.define:
        if name in (*known, *RESERVED):
            raise EdgeAsrError(f"define.{name}: is the name of something known; choose another")
        defined.append((name, _parsed(f"define.{name}", text, known)))
        known.append(name)
    constraints = tuple(
        _parsed(f"constraints.{idx}", text, known) for idx, text in enumerate(sweep.constraints)
    )
    for each in constraints:
        if not each.is_true_or_false:
            raise EdgeAsrError(f"constraint '{each.text}' compares nothing; write one such as latency_s <= 1")
    aims = (*COLUMNS, "wer", *dict(sweep.define))
    for name in sweep.objectives:
        if name not in aims:
            raise unknown_name("objective", name, known=aims)
        if name == "wer" and rates is None:
            raise EdgeAsrError("objective wer: is not known; name a study's run folder under 'accuracy'")
    return Plan(sweep, space, tuple(defined), constraints, rates)


def feasible_points(plan: Plan) -> tuple[Floats, int]:
    """Return the coordinates of the points worth costing, like work together, and how many there are in all.

    Left out is what breaks a constraint already before it is costed, or a rule on the chip's numbers.

    Raises:
        EdgeAsrError: if none is left, saying how many points meet each constraint, or one has more tokens
            than its decoder can make.
    """
    points = coordinates(plan.sweep.axes, plan.sweep.sample)
    met = plan.met(plan.values(points, {}), points)
    kept = points[reduce(np.logical_and, met.values())]
    if not len(kept):
        raise EdgeAsrError(none_feasible(met))
    _check_tokens(plan, kept)
    outer = [kept[:, idx] for idx in reversed(plan.space.outer)]
    return (kept[np.lexsort(outer)] if outer else kept), len(points)


def _check_tokens(plan: Plan, points: Floats) -> None:
    models = plan.space.columns(points).get("model", np.full(len(points), plan.sweep.base.model))
    numbers = plan.space.quantities(("audio_s", "tokens"), points)
    for model in np.unique(models):
        workload, here = find_workload(str(model)), models == model
        audio_s, tokens = numbers["audio_s"][here], numbers["tokens"][here]
        for idx in np.flatnonzero(tokens > most_tokens(workload, audio_s))[:1]:
            check_tokens(workload, (Utterance(float(audio_s[idx]), int(tokens[idx])),))


def none_feasible(met: Mapping[str, Bools]) -> str:
    """Return what to say where no point meets all constraints: how many meet each."""
    told = "; ".join(
        f"'{text}' by {int(each.sum()):,} of {len(each):,}" for text, each in met.items() if not each.all()
    )
    return f"no point meets all constraints ({told}); relax one, or widen an axis"


def _names(axes: Mapping[str, Axis], key: str, otherwise: str) -> tuple[str, ...]:
    axis = axes.get(key)
    return tuple(map(str, axis.values)) if isinstance(axis, Choices) else (otherwise,)


def _check_axes(space: Space) -> None:
    for axis in space.axes:
        if axis.name in (*NAMES, *WORK):
            continue
        if part_of(axis.name):
            _check_formats(axis)
            continue
        for chip in space.chips.values():
            known = choosable(chip)
            if axis.name not in known:
                parts = (f"{part}:GLOB" for part in PARTS)
                raise unknown_name(
                    f"axis (on chip {chip.name})", axis.name, known=(*known, *NAMES, *WORK, *parts)
                )


def _check_formats(axis: Axis) -> None:
    from traces.formats import Format

    for value in axis.values if isinstance(axis, Choices) else ():
        try:
            Format.parse(str(value))
        except EdgeAsrError as error:
            raise EdgeAsrError(f"axes.{axis.name}: {error}") from error


def _parsed(where: str, text: str, known: list[str]) -> Expression:
    try:
        return parse_expression(text, known)
    except EdgeAsrError as error:
        raise EdgeAsrError(f"{where}: {error}") from error
