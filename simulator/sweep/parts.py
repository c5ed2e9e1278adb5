"""A recipe with other formats in some parts of a network: what an axis such as `weight:*.fc?` varies."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

from quant.methods.rtn import RtnConfig
from quant.recipe import AttentionRule, LayerRule, MethodStep, Recipe, matches
from simulator.mixing import units_of
from traces.errors import EdgeAsrError, unknown_name
from traces.formats import Format
from traces.workload import Workload

Part = Literal["weight", "activation", "kv"]
PARTS: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True, slots=True)
class PartFormat:
    """A format for the weights, inputs or caches of the modules that a glob names."""

    part: Part
    glob: str
    format: Format

    def __str__(self) -> str:
        return f"{self.part}:{self.glob}={self.format.name}"


def part_of(key: str) -> tuple[Part, str] | None:
    """Return the part and the glob of a key such as `weight:*.fc?`; None for keys of another form.

    Raises:
        EdgeAsrError: if it has the form, but no such part exists.
    """
    part, colon, glob = key.partition(":")
    if not colon:
        return None
    if part not in PARTS or not glob:
        raise unknown_name("part of a recipe (written PART:GLOB)", part, known=PARTS)
    return PARTS[PARTS.index(part)], glob


def with_parts(recipe: Recipe, workload: Workload, *, parts: tuple[PartFormat, ...]) -> Recipe:
    """Return the recipe with these formats in front of its own rules, later ones first.

    Raises:
        EdgeAsrError: if a glob names no module of the network, or the formats do not go together.
    """
    for each in parts:
        recipe = _with_part(recipe, workload, each)
    return recipe


def _with_part(recipe: Recipe, workload: Workload, change: PartFormat) -> Recipe:
    units = units_of(workload)
    names = [name for unit in units for name in (unit.attentions if change.part == "kv" else unit.layers)]
    chosen = [name for name in dict.fromkeys(names) if matches(name, (change.glob,))]
    if not chosen:
        kind = "attention" if change.part == "kv" else "module with weights"
        raise EdgeAsrError(
            f"{change}: no {kind} of {workload.name} has such a name; there are "
            f"{', '.join(dict.fromkeys(names[:3]))}, ..."
        )
    steps = recipe.methods or (MethodStep("rtn", RtnConfig()),)
    name = f"{recipe.name}+{change}"
    if change.part == "kv":
        attention = tuple(_cache_rule(recipe, module, change.format) for module in chosen)
        return replace(recipe, name=name, methods=steps, attention=(*attention, *recipe.attention))
    layers = tuple(_layer_rule(recipe, module, change) for module in chosen)
    return replace(recipe, name=name, methods=steps, layers=(*layers, *recipe.layers))


def _cache_rule(recipe: Recipe, module: str, cache: Format) -> AttentionRule:
    return replace(recipe.attention_formats(module), modules=(module,), kv=cache)


def _layer_rule(recipe: Recipe, module: str, change: PartFormat) -> LayerRule:
    rule = replace(recipe.layer_formats(module), modules=(module,))
    if change.part == "weight":
        return replace(rule, weight=change.format)
    return replace(rule, activation=change.format)
