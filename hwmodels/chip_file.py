"""Chip files: YAML to `Chip`. Every mistake is answered with file, key path, value and remedy."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from hwmodels.chip import Chip
from hwmodels.chip_checks import chip_checks
from hwmodels.overrides import apply_overrides
from hwmodels.units import parse_number
from traces.documents import read_mapping, validated
from traces.errors import EdgeAsrError, unknown_name

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
    from hwmodels.chip_build import built_chip
    from hwmodels.chip_schema import ChipNode

    node = validated(_mapping(resolved), ChipNode, where=str(path))
    chip = built_chip(path.stem, node)
    for check in chip_checks(chip):
        if check.mistake:
            raise EdgeAsrError(f"{path}: {check.mistake}")
    return chip


def _path_of(name_or_path: str | Path) -> Path:
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or text.endswith((".yaml", ".yml")) or "/" in text:
        return Path(name_or_path)
    if text not in chip_names():
        raise unknown_name("chip", text, known=chip_names())
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
