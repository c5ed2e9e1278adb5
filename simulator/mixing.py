"""Recipes mixed unit by unit: what each part of a network costs on a chip under each of several recipes.

A unit is a part of the network that takes one recipe's formats as a whole: an attention with its projections,
a linear layer, a convolution, tied layers together. Its cost under a recipe is that of its ops in the network
that follows the recipe throughout. What joins the units (norms, residuals, the front end) belongs to none and
is `fixed`. Sums are exact for uniform recipes and an approximation for mixed ones, whose neighbours may
differ.
"""

from dataclasses import dataclass, replace

import numpy as np

from hwmodels.chip import Chip
from hwmodels.op_table import Floats, Ints
from quant.recipe import AttentionRule, LayerRule, Recipe
from simulator.estimate import Estimate, PhaseCost
from simulator.metrics import packed_tensors
from simulator.networks import Networks
from simulator.walk import cache_tensors
from traces.errors import EdgeAsrError
from traces.formats import FLOAT16
from traces.graph import Graph, OpKind, Role
from traces.workload import Phase, Workload


@dataclass(frozen=True, slots=True)
class Unit:
    """A part of the network, by the names of its modules with weights and of its attention, if it has one."""

    name: str
    layers: tuple[str, ...]
    attentions: tuple[str, ...]

    @property
    def modules(self) -> frozenset[str]:
        """All modules whose ops are the unit's."""
        return frozenset((*self.layers, *self.attentions))


@dataclass(frozen=True, slots=True, eq=False)
class UnitCosts:
    """What units cost per mean utterance under each recipe; arrays have shape (units, recipes).

    `fixed_*` is what no unit accounts for, (recipes,). `live_bytes` is the most activation bytes alive while
    one of a unit's ops runs; `cache_bytes` what its keys and values take at the decoder's full length.
    """

    latency_s: Floats
    energy_j: Floats
    packed_bytes: Floats
    live_bytes: Floats
    cache_bytes: Floats
    fixed_latency_s: Floats
    fixed_energy_j: Floats
    fixed_packed_bytes: Floats
    fixed_live_bytes: Floats
    """The most alive while an op of no unit runs."""


def units_of(workload: Workload) -> tuple[Unit, ...]:
    """Return the units of a recogniser, in the order they first run; the front end has none."""
    attentions = {
        op.module for graph in _network(workload) for op in graph.ops if op.kind is OpKind.ACTIVATION_PRODUCT
    }
    owner: dict[str, str] = {}  # weight -> unit, so that tied layers meet
    layers: dict[str, list[str]] = {}
    for graph in _network(workload):
        roles = graph.tensor_table()
        for op in graph.ops:
            weights = [operand.tensor for operand in op.reads if roles[operand.tensor].role is Role.WEIGHT]
            if op.kind is OpKind.NORMALISATION or not weights:
                continue
            parent = op.module.rpartition(".")[0]
            name = owner.setdefault(weights[0], parent if parent in attentions else op.module)
            if op.module not in layers.setdefault(name, []):
                layers[name].append(op.module)
    return tuple(
        Unit(name, tuple(modules), (name,) if name in attentions else ()) for name, modules in layers.items()
    )


def unit_costs(
    networks: Networks, units: tuple[Unit, ...], *, recipes: tuple[Recipe, ...], chip: Chip
) -> UnitCosts:
    """Return what each unit of a recogniser costs on a chip under each recipe.

    Raises:
        EdgeAsrError: if a recipe does not fit the workload, or the chip has no rate for one of its formats.
    """
    columns = [_column(networks.estimate(recipe, chip), units) for recipe in recipes]
    return UnitCosts(**{name: np.stack([column[name] for column in columns], axis=-1) for name in columns[0]})


def mixed(
    recipes: tuple[Recipe, ...], units: tuple[Unit, ...], *, chosen: tuple[int, ...], name: str
) -> Recipe:
    """Return the recipe in which each unit follows the chosen one, by index; all else (norms) stays float.

    Raises:
        EdgeAsrError: if the recipes run different methods, or do not name a unit's modules.
    """
    methods = {recipe.methods for recipe in recipes if recipe.methods}
    if len(methods) > 1:
        raise EdgeAsrError("recipes with different methods cannot be mixed; give all the same methods")
    layers: dict[LayerRule, list[str]] = {}
    attention: dict[AttentionRule, list[str]] = {}
    for unit, index in zip(units, chosen, strict=True):
        for module in unit.layers:
            rule = replace(recipes[index].layer_formats(module), modules=_ANY)
            layers.setdefault(rule, []).append(module)
        for module in unit.attentions:
            operands = replace(recipes[index].attention_formats(module), modules=_ANY)
            attention.setdefault(operands, []).append(module)
    names = dict.fromkeys(recipes[index].name for index in chosen)
    return Recipe(
        name=name,
        layers=(
            *(replace(rule, modules=tuple(modules)) for rule, modules in layers.items()),
            LayerRule(_ANY, FLOAT16, FLOAT16),
        ),
        attention=tuple(replace(rule, modules=tuple(modules)) for rule, modules in attention.items()),
        methods=next(iter(methods), ()),
        description=f"Mixed from {', '.join(names)}.",
    )


_ANY = ("*",)


def _column(found: Estimate, units: tuple[Unit, ...]) -> dict[str, Floats]:
    unit_of = {module: index for index, unit in enumerate(units) for module in unit.modules}
    n_units = len(units)
    latency_s, energy_j, live_bytes = np.zeros(n_units), np.zeros(n_units), np.zeros(n_units)
    fixed_live_bytes = 0.0
    for phase in found.phases:
        owners = _owners(phase, unit_of)
        inside = owners >= 0
        np.add.at(latency_s, owners[inside], phase.per_op(phase.costs.latency_s.nominal)[inside])
        np.add.at(energy_j, owners[inside], phase.per_op(phase.costs.energy_j.nominal)[inside])
        most = phase.bound.ops.live_bytes[phase.bound.row_of].max(axis=1)
        np.maximum.at(live_bytes, owners[inside], most[inside])
        fixed_live_bytes = max(fixed_live_bytes, float(most[~inside].max(initial=0.0)))
    packed, packed_total = _packed(found.workload, unit_of, n_units)
    return {
        "latency_s": latency_s,
        "energy_j": energy_j,
        "packed_bytes": packed,
        "live_bytes": live_bytes,
        "cache_bytes": _cached(found, unit_of, n_units),
        "fixed_latency_s": np.array(float(found.latency_s().nominal.mean()) - latency_s.sum()),
        "fixed_energy_j": np.array(float(found.energy_j().nominal.mean()) - energy_j.sum()),
        "fixed_packed_bytes": np.array(packed_total - packed.sum()),
        "fixed_live_bytes": np.array(fixed_live_bytes),
    }


def _owners(phase: PhaseCost, unit_of: dict[str, int]) -> Ints:
    """Return the unit of each op of a phase's graph, -1 where it has none: (ops,)."""
    if phase.phase is Phase.FRONTEND:
        return np.full(len(phase.bound.graph.ops), -1)
    return np.array([unit_of.get(op.module, -1) for op in phase.bound.graph.ops])


def _packed(workload: Workload, unit_of: dict[str, int], n_units: int) -> tuple[Floats, float]:
    """Return the packed bytes of each unit's weights (units,), and of the whole network."""
    sizes = packed_tensors(workload)
    owner = {
        operand.tensor: unit_of[op.module]
        for graph in _network(workload)
        for op in graph.ops
        if op.module in unit_of
        for operand in op.reads
    }
    packed = np.zeros(n_units)
    for name, size_bytes in sizes.items():
        if name in owner:
            packed[owner[name]] += size_bytes
    return packed, sum(sizes.values())


def _cached(found: Estimate, unit_of: dict[str, int], n_units: int) -> Floats:
    """Return the bytes of each unit's keys and values at the decoder's full length: (units,)."""
    cached = np.zeros(n_units)
    for name, size_bytes in cache_tensors(found.workload, found.utterances).items():
        attention = name.rpartition(".")[0]  # as `traces.decoder_phases` names caches
        if attention in unit_of:
            cached[unit_of[attention]] += size_bytes
    return cached


def _network(workload: Workload) -> tuple[Graph, ...]:
    """Return the graphs of the network itself."""
    return tuple(graph for graph in workload.graphs if graph.phase != Phase.FRONTEND)
