"""A recipe resolved against a network: which module gets which formats."""

from dataclasses import dataclass
from typing import Literal

from torch import nn

from quant.float_columns import n_float_columns
from quant.recipe import AttentionRule, LayerRule, Recipe, matches
from quant.rotations.names import is_rotation
from traces.errors import EdgeAsrError
from traces.formats import FLOAT16, AttentionFormats, Format

LayerKind = Literal["linear", "conv1d", "embedding"]

_KINDS: dict[type[nn.Module], LayerKind] = {
    nn.Linear: "linear",
    nn.Conv1d: "conv1d",
    nn.Embedding: "embedding",
}
"""Modules that have a quantized form, by exact type: a subclass may compute something else."""


@dataclass(frozen=True, slots=True)
class PlannedLayer:
    """A module whose weight becomes integers; `weight_of` names the first module with that weight.

    `n_float` of its input columns stay float16, in the weight as in the activations.
    """

    module: str
    kind: LayerKind
    weight: Format
    activation: Format
    weight_of: str
    n_float: int = 0

    @property
    def is_tied(self) -> bool:
        """Whether the weight belongs to an earlier module."""
        return self.weight_of != self.module


@dataclass(frozen=True, slots=True)
class PlannedAttention:
    """An attention module and the formats of its operands."""

    module: str
    formats: AttentionFormats


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a recipe changes in a network; `remarks` name rules that never count."""

    layers: tuple[PlannedLayer, ...]
    attention: tuple[PlannedAttention, ...]
    remarks: tuple[str, ...] = ()


def make_plan(model: nn.Module, recipe: Recipe) -> Plan:
    """Return what the recipe changes in the network; the network is only looked at.

    Raises:
        EdgeAsrError: a module with weights, or an attention, that no rule names; a rule that matches no
            module; an integer format for a module that has no quantized form; tied modules whose formats
            disagree.
    """
    holders = [
        name for name, module in model.named_modules() if _holds_weights(module) and not is_rotation(name)
    ]
    attentions = [name for name, module in model.named_modules() if is_attention(module)]
    remarks = _check_rules_match(recipe, holders, attentions)
    owner: dict[int, PlannedLayer] = {}
    layers = []
    for name in holders:
        layer = _planned_layer(model, name, recipe, owner)
        if layer is not None:
            layers.append(layer)
    return Plan(tuple(layers), tuple(_planned_attention(name, recipe) for name in attentions), remarks)


def _holds_weights(module: nn.Module) -> bool:
    return any(True for _ in module.parameters(recurse=False))


def is_attention(module: nn.Module) -> bool:
    """Whether a module is an attention as Whisper and Moonshine build it: three projections side by side."""
    return all(isinstance(getattr(module, name, None), nn.Module) for name in ("q_proj", "k_proj", "v_proj"))


def _check_rules_match(recipe: Recipe, holders: list[str], attentions: list[str]) -> tuple[str, ...]:
    """Return a remark for every rule all of whose modules earlier rules name already.

    Raises:
        EdgeAsrError: if a rule matches no module at all.
    """
    remarks = []
    rules: tuple[tuple[str, tuple[LayerRule | AttentionRule, ...], list[str]], ...] = (
        ("layers", recipe.layers, holders),
        ("attention", recipe.attention, attentions),
    )
    for kind, listed, names in rules:
        left = names
        for index, rule in enumerate(listed):
            where = f"recipe '{recipe.name}': {kind}[{index}]: {', '.join(rule.modules)}"
            if not any(matches(name, rule.modules) for name in names):
                raise EdgeAsrError(
                    f"{where} matches no module of the network; it has "
                    f"{', '.join(names[:3]) or 'none of this kind'}{', ...' if len(names) > 3 else ''}"
                )
            if not any(matches(name, rule.modules) for name in left):
                remarks.append(f"{where} never counts: earlier rules name all the modules it matches")
            left = [name for name in left if not matches(name, rule.modules)]
    return tuple(remarks)


def _planned_layer(
    model: nn.Module, name: str, recipe: Recipe, owner: dict[int, PlannedLayer]
) -> PlannedLayer | None:
    """Return a module's plan, or None if it stays float; `owner` maps a weight to its first holder."""
    module, rule = model.get_submodule(name), recipe.layer_formats(name)
    kind = _KINDS.get(type(module))
    if kind is None:
        if not (rule.weight.is_float and rule.activation.is_float):
            raise EdgeAsrError(
                f"recipe '{recipe.name}' gives module '{name}' {rule.weight}, but a {type(module).__name__} "
                f"has no quantized form; name it in a rule with {FLOAT16}"
            )
        return None
    if kind == "embedding" and not rule.activation.is_float:
        raise EdgeAsrError(
            f"recipe '{recipe.name}' gives the lookup '{name}' activations in {rule.activation}, but it "
            f"reads token ids; write {FLOAT16}"
        )
    weight = id(module.weight)
    first = owner.get(weight)
    n_float = 0
    if isinstance(module, nn.Linear) and not rule.weight.is_float:
        n_float = n_float_columns(recipe, name, in_features=module.in_features)
        if n_float == module.in_features:
            return None
    layer = PlannedLayer(name, kind, rule.weight, rule.activation, first.module if first else name, n_float)
    owner.setdefault(weight, layer)
    if first is not None and first.weight != layer.weight:
        raise EdgeAsrError(
            f"recipe '{recipe.name}' gives '{name}' {layer.weight} and '{first.module}' {first.weight}, but "
            "they are one weight; give both the same weight format"
        )
    return None if rule.weight.is_float else layer


def _planned_attention(name: str, recipe: Recipe) -> PlannedAttention:
    rule = recipe.attention_formats(name)
    return PlannedAttention(name, AttentionFormats(rule.query, rule.probability, rule.kv))
