"""Chip files: YAML to `Chip`. Every mistake is answered with file, key path, value and remedy."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from hwmodels.chip import (
    Chip,
    Energy,
    Fallback,
    FormatQuantity,
    Level,
    Overheads,
    Rate,
    Tiling,
    Unit,
    Unpacking,
)
from hwmodels.chip_checks import chip_checks
from hwmodels.format_class import expand_classes
from hwmodels.lanes import Lanes
from hwmodels.op_table import OpClass
from hwmodels.overrides import apply_overrides
from hwmodels.quantity import Quantity
from hwmodels.units import parse_number
from traces.documents import read_mapping, validated
from traces.errors import EdgeAsrError, unknown_name

if TYPE_CHECKING:
    from hwmodels.chip_schema import ChipNode, LevelNode, QuantityNode, RateNode

__all__ = ["apply_overrides", "chip_names", "load_chip"]

CHIPS_FOLDER = Path(__file__).parent / "chips"


def chip_names() -> tuple[str, ...]:
    """Return the names of the chips that come with the package, in order."""
    return tuple(sorted(path.stem for path in CHIPS_FOLDER.glob("*.yaml")))


def load_chip(name_or_path: str | Path) -> Chip:
    """Return a chip of the package by name, or any chip by the path of its YAML file.

    Raises:
        EdgeAsrError: if the name is unknown (nearest ones offered), or the file breaks a rule (file, key
            path and value named).
    """
    path = _path_of(name_or_path)
    return _load_packaged(path) if path.parent == CHIPS_FOLDER else _load(path)


@cache
def _load_packaged(path: Path) -> Chip:
    return _load(path)


def _load(path: Path) -> Chip:
    content = _inherited(path, seen=())
    content.pop("$schema", None)
    sources = content.pop("sources", {})
    if not isinstance(sources, Mapping):
        raise EdgeAsrError(f"{path}: sources: holds no mapping of names to texts")
    resolved = _resolved(content, sources, path, key="")
    from hwmodels.chip_schema import ChipNode

    node = validated(_mapping(resolved), ChipNode, where=str(path))
    chip = _chip(path.stem, node)
    for check in chip_checks(chip):
        if check.mistake:
            raise EdgeAsrError(f"{path}: {check.mistake}")
    return chip


def _path_of(name_or_path: str | Path) -> Path:
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or text.endswith((".yaml", ".yml")) or "/" in text:
        return Path(name_or_path)
    if text not in chip_names():
        raise unknown_name("chip", text, chip_names())
    return CHIPS_FOLDER / f"{text}.yaml"


def _inherited(path: Path, *, seen: tuple[Path, ...]) -> dict[str, object]:
    """Return the file's mapping laid over those it inherits from."""
    if path in seen:
        chain = " -> ".join(each.stem for each in (*seen, path))
        raise EdgeAsrError(f"{path}: inherit: goes in a circle ({chain}); remove one of them")
    content = read_mapping(path)
    parent = content.pop("inherit", None)
    if parent is None:
        return content
    if not isinstance(parent, str):
        raise EdgeAsrError(f"{path}: inherit: {parent!r} is no chip name")
    beside = path.parent / f"{parent}.yaml"
    try:
        parent_path = beside if beside.exists() else _path_of(parent)
    except EdgeAsrError as error:
        raise EdgeAsrError(f"{path}: inherit: {error}") from error
    return _overlaid(_inherited(parent_path, seen=(*seen, path)), content)


def _overlaid(base: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    """Return `base` with the entries of `over`: mappings merge, numbers replace, null removes."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(below, Mapping) and "value" not in value:
            merged[key] = _overlaid(below, value)
        else:
            merged[key] = value
    return merged


def _resolved(node: object, sources: Mapping[object, object], path: Path, *, key: str) -> object:
    """Return the tree with source names written out and texts with units turned into numbers."""
    if isinstance(node, list):
        return [_resolved(item, sources, path, key=f"{key}.{idx}") for idx, item in enumerate(node)]
    if not isinstance(node, Mapping):
        return node
    tree = {
        str(name): _resolved(item, sources, path, key=f"{key}.{name}" if key else str(name))
        for name, item in node.items()
    }
    if "value" in tree and "kind" in tree:
        if "source" in tree:
            tree["source"] = sources.get(tree["source"], tree["source"])
        for name in ("value", "low", "high"):
            text = tree.get(name)
            if isinstance(text, str):
                try:
                    tree[name] = parse_number(text, key=key)
                except EdgeAsrError as error:
                    raise EdgeAsrError(f"{path}: {key}.{name}: {error}") from error
    return tree


def _mapping(tree: object) -> dict[str, object]:
    return {str(key): value for key, value in tree.items()} if isinstance(tree, Mapping) else {}


def _quantity(node: "QuantityNode") -> Quantity:
    from hwmodels.chip_schema import quantity

    return quantity(node)


def _optional(node: "QuantityNode | None") -> Quantity | None:
    return None if node is None else _quantity(node)


def _by_format(nodes: "Mapping[str, QuantityNode]") -> tuple[FormatQuantity, ...]:
    return tuple(
        FormatQuantity(name, _quantity(node))
        for pattern, node in nodes.items()
        for name in expand_classes(pattern)
    )


def _level(name: str, node: "LevelNode") -> Level:
    return Level(
        name=name,
        size_bytes=_quantity(node.size_bytes),
        bandwidth_bytes_per_s=_optional(node.bandwidth_bytes_per_s),
        latency_s=_quantity(node.latency_s),
        energy_j_per_byte=_quantity(node.energy_j_per_byte),
        holds=tuple(node.holds),
        stages=node.stages,
        partial_write_factor=_optional(node.partial_write_factor),
        short_read_factor=_optional(node.short_read_factor),
        matvec_share=_optional(node.matvec_share),
        channel_s=_optional(node.channel_s),
    )


def _rate(name: str, node: "RateNode") -> Rate:
    lanes = Lanes(**dict(node.lanes))
    by_itself = Quantity.exact(float(lanes.size()[0]), "derived", "batch x m x k x n of its lanes")
    return Rate(
        name=name,
        unit=node.unit,
        ops=_ops(node.ops),
        weight=node.weight,
        activation=node.activation,
        per_cycle=_optional(node.per_cycle) or by_itself,
        fill_cycles=_quantity(node.fill_cycles),
        start_cycles=_optional(node.start_cycles),
        output_cycles=_optional(node.output_cycles),
        weights_per_cycle=_optional(node.weights_per_cycle),
        results_at_once=_optional(node.results_at_once),
        slab_cycles=_optional(node.slab_cycles),
        convolution_start_cycles=_optional(node.convolution_start_cycles),
        lanes=lanes,
        whole_window=node.whole_window,
        windows=tuple(node.windows),
        serial=node.serial,
        packs_groups=node.packs_groups,
        bytes_per_mac=_optional(node.bytes_per_mac),
        rows_per_pass=_optional(node.rows_per_pass),
    )


def _ops(names: Sequence[str]) -> tuple[OpClass, ...]:
    return tuple(OpClass[name.upper()] for name in names)


def _spread(patterns: list[str]) -> tuple[str, ...]:
    return tuple(name for pattern in patterns for name in expand_classes(pattern))


def _chip(name: str, node: "ChipNode") -> Chip:
    unpacking = node.unpacking
    return Chip(
        name=name,
        title=node.title,
        family=node.family,
        software=node.software,
        description=" ".join(node.description.split()),
        hypothetical=node.hypothetical,
        units=tuple(
            Unit(key, unit.kind, _quantity(unit.clock_hz), _optional(unit.speed))
            for key, unit in node.units.items()
        ),
        levels=tuple(_level(key, level) for key, level in node.levels.items()),
        rates=tuple(_rate(key, rate) for key, rate in node.rates.items()),
        fallbacks=tuple(
            Fallback(
                ops=_ops(each.ops),
                weights=_spread(each.weights),
                activations=_spread(each.activations),
                grouped=each.grouped,
                remedy=each.remedy,
                weight=each.weight,
                activation=each.activation,
                reason=" ".join(each.reason.split()),
            )
            for each in node.fallbacks
        ),
        unpacking=None
        if unpacking is None
        else Unpacking(
            unpacking.unit,
            _by_format(unpacking.weights_per_cycle),
            _quantity(unpacking.partial_sums_per_cycle),
        ),
        codec=_by_format(node.codec),
        tiling=Tiling(
            double_buffered=node.tiling.double_buffered,
            orders=tuple(node.tiling.orders),
            max_n=_optional(node.tiling.max_n),
            prefetches=node.tiling.prefetches,
            cascades=node.tiling.cascades,
            fuses_sums=node.tiling.fuses_sums,
            joins_in_place=node.tiling.joins_in_place,
            exposed_bytes=_optional(node.tiling.exposed_bytes),
        ),
        overheads=Overheads(
            per_op_s=_quantity(node.overheads.per_op_s),
            per_inference_s=_quantity(node.overheads.per_inference_s),
            host_hop_s=_quantity(node.overheads.host_hop_s),
            float_results_bytes_per_s=_optional(node.overheads.float_results_bytes_per_s),
            per_inference_cycles=_optional(node.overheads.per_inference_cycles),
        ),
        energy=Energy(
            static_power_w=_quantity(node.energy.static_power_w),
            host_power_w=_quantity(node.energy.host_power_w),
            mac_j=_by_format(node.energy.mac_j),
            step_j=_quantity(node.energy.step_j),
            clock_j=_optional(node.energy.clock_j),
        ),
        overlap=node.overlap,
        generation=_optional(node.generation),
    )
