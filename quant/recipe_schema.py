"""The YAML and JSON form of a recipe: pydantic models that turn into the values of `quant.recipe` at once."""

from collections.abc import Sequence
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from quant.methods import METHODS, MethodConfig
from quant.recipe import AttentionRule, LayerRule, MethodStep, Recipe
from traces.documents import read_mapping, validated
from traces.errors import EdgeAsrError, unknown_name
from traces.formats import Format


def _known_format(name: str) -> str:
    try:
        return Format.parse(name).name
    except EdgeAsrError as error:
        raise ValueError(str(error)) from error


FormatName = Annotated[str, AfterValidator(_known_format)]
Globs = Annotated[tuple[str, ...], Field(min_length=1)]
Setting = bool | int | float | str
"""What a method's setting may be in a file."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LayerSchema(_Strict):
    """One entry of `layers`."""

    modules: Globs
    weight: FormatName
    activation: FormatName


class AttentionSchema(_Strict):
    """One entry of `attention`."""

    modules: Globs
    query: FormatName
    probability: FormatName
    kv: FormatName


class MethodSchema(_Strict):
    """One entry of `methods`; `config` is checked against the settings of that method."""

    name: str
    config: dict[str, Setting] = {}


class RecipeSchema(_Strict):
    """A recipe file."""

    name: Annotated[str, Field(min_length=1)]
    description: str = ""
    methods: tuple[MethodSchema, ...] = ()
    layers: Annotated[tuple[LayerSchema, ...], Field(min_length=1)]
    attention: tuple[AttentionSchema, ...] = ()


def read_recipe(path: Path) -> Recipe:
    """Return the recipe of a YAML file.

    Raises:
        EdgeAsrError: naming the file, the key path, the value and, for a misspelt key, the nearest known one.
    """
    return recipe_of(read_mapping(path), where=str(path))


def recipe_of(content: dict[str, object], *, where: str) -> Recipe:
    """Return the recipe of a mapping as `recipe_mapping` gives it; `where` names its origin in messages.

    Raises:
        EdgeAsrError: as `read_recipe`.
    """
    schema = validated(content, RecipeSchema, where=where)
    methods = method_steps(schema.methods, where=f"{where}: methods")
    try:
        return Recipe(
            name=schema.name,
            layers=tuple(
                LayerRule(rule.modules, Format.parse(rule.weight), Format.parse(rule.activation))
                for rule in schema.layers
            ),
            attention=tuple(
                AttentionRule(
                    rule.modules,
                    Format.parse(rule.query),
                    Format.parse(rule.probability),
                    Format.parse(rule.kv),
                )
                for rule in schema.attention
            ),
            methods=methods,
            description=schema.description,
        )
    except EdgeAsrError as error:
        raise EdgeAsrError(f"{where}: {error}") from error


def method_steps(steps: Sequence[MethodSchema], *, where: str) -> tuple[MethodStep, ...]:
    """Return the methods of a file with their settings checked; `where` is the key path of their list.

    Raises:
        EdgeAsrError: as `read_recipe`.
    """
    return tuple(
        MethodStep(step.name, _method_config(step, where=f"{where}.{index}"))
        for index, step in enumerate(steps)
    )


def recipe_mapping(recipe: Recipe) -> dict[str, object]:
    """Return the plain mapping of a recipe, as written to YAML and JSON."""
    schema = RecipeSchema(
        name=recipe.name,
        description=recipe.description,
        methods=tuple(MethodSchema(name=step.name, config=asdict(step.config)) for step in recipe.methods),
        layers=tuple(
            LayerSchema(modules=rule.modules, weight=rule.weight.name, activation=rule.activation.name)
            for rule in recipe.layers
        ),
        attention=tuple(
            AttentionSchema(
                modules=rule.modules,
                query=rule.query.name,
                probability=rule.probability.name,
                kv=rule.kv.name,
            )
            for rule in recipe.attention
        ),
    )
    return schema.model_dump(mode="json")


def _method_config(step: MethodSchema, *, where: str) -> MethodConfig:
    if step.name not in METHODS:
        raise EdgeAsrError(f"{where}.name: {unknown_name('quantization method', step.name, known=METHODS)}")
    config = METHODS[step.name].config
    settings = validated(dict(step.config), _settings_schema(config), where=f"{where}.config")
    try:
        return config(**settings.model_dump())
    except EdgeAsrError as error:
        raise EdgeAsrError(f"{where}.config: {error}") from error


def _settings_schema(config: type[MethodConfig]) -> type[BaseModel]:
    """Return a pydantic model with the fields of a method's frozen config."""
    hints = get_type_hints(config)
    known: dict[str, Any] = {
        field.name: (hints[field.name], ... if field.default is MISSING else field.default)
        for field in fields(config)
    }
    return create_model(config.__name__, __config__=ConfigDict(extra="forbid"), **known)
