"""Recipes: which number formats each module gets, and the method that finds the numbers. Needs no torch."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from quant.methods import METHODS, MethodConfig
from traces.errors import EdgeAsrError, unknown_name
from traces.formats import FLOAT16, Format, Granularity

if TYPE_CHECKING:
    from traces.graph import Graph

BUNDLED = Path(__file__).parent / "recipes"
"""Where the recipes of the package lie, one YAML file each."""


@dataclass(frozen=True, slots=True)
class LayerRule:
    """Formats of modules that hold weights: products, convolutions, lookups and norms.

    `modules` are globs over fully qualified module names, in which `*` also crosses dots. `activation` is
    what the module computes its input with; a lookup or a norm has none but float16.
    """

    modules: tuple[str, ...]
    weight: Format
    activation: Format


@dataclass(frozen=True, slots=True)
class AttentionRule:
    """Formats of the two products of attention: query x key and probability x value.

    `kv` is the format of keys and values both as operands and as stored in the cache.
    """

    modules: tuple[str, ...]
    query: Format
    probability: Format
    kv: Format


@dataclass(frozen=True, slots=True)
class MethodStep:
    """One method and its settings; a recipe's steps run in order on the same network."""

    name: str
    config: MethodConfig

    def __post_init__(self) -> None:
        if self.name not in METHODS:
            raise unknown_name("quantization method", self.name, known=METHODS)
        expected = METHODS[self.name].config
        if type(self.config) is not expected:
            raise EdgeAsrError(
                f"method '{self.name}' takes {expected.__name__}, not {type(self.config).__name__}"
            )


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is quantized: rules in order, of which the first that matches a module counts.

    Everything that is not an integer is float16: the residual stream, norms, softmax, biases. Stored floats
    are rounded to float16; their arithmetic runs in float32 when accuracy is measured.
    """

    name: str
    layers: tuple[LayerRule, ...]
    attention: tuple[AttentionRule, ...]
    methods: tuple[MethodStep, ...] = ()
    description: str = ""

    def __post_init__(self) -> None:
        for index, layer in enumerate(self.layers):
            self._check_layer(f"layers[{index}]", layer)
        for index, rule in enumerate(self.attention):
            self._check_attention(f"attention[{index}]", rule)
        if not self.methods and not all(layer.weight.is_float for layer in self.layers):
            raise self._wrong("methods", "is empty, but weights are integers; add a method such as rtn")

    def layer_formats(self, module: str) -> LayerRule:
        """Return the rule that counts for a module with weights.

        Raises:
            EdgeAsrError: if no rule names it; every module with weights must be named.
        """
        for rule in self.layers:
            if matches(module, rule.modules):
                return rule
        raise EdgeAsrError(
            f"recipe '{self.name}' names no formats for module '{module}', which holds weights; "
            "add its name or a glob to the modules of one of its layers"
        )

    def attention_formats(self, module: str) -> AttentionRule:
        """Return the rule that counts for an attention module.

        Raises:
            EdgeAsrError: if no rule names it.
        """
        for rule in self.attention:
            if matches(module, rule.modules):
                return rule
        raise EdgeAsrError(
            f"recipe '{self.name}' names no formats for attention '{module}'; "
            "add its name or a glob to the modules of one of its attention rules"
        )

    def annotate(self, graph: "Graph") -> "Graph":
        """Return a float graph with the formats it has once the recipe is applied; see `quant.annotate`."""
        from quant.annotate import annotate

        return annotate(graph, self)

    @property
    def needs_calibration(self) -> bool:
        """Whether a method looks at data, or a fixed activation range has to be found from it."""
        return any(not METHODS[step.name].data_free for step in self.methods) or any(
            not rule.activation.is_float and not rule.activation.dynamic for rule in self.layers
        )

    def _check_layer(self, where: str, rule: LayerRule) -> None:
        self._check_modules(where, rule.modules)
        weight, activation = rule.weight, rule.activation
        if weight.is_float and weight != FLOAT16:
            raise self._wrong(f"{where}.weight", f"{weight} is no float format of recipes; write float16")
        if not weight.is_float and (weight.dynamic or weight.granularity is Granularity.TOKEN):
            raise self._wrong(
                f"{where}.weight", f"{weight} is no weight format; write int8_channel or int4_g32"
            )
        if activation.is_float and activation != FLOAT16:
            raise self._wrong(
                f"{where}.activation", f"{activation} is no float format of recipes; write float16"
            )
        if activation.granularity not in (Granularity.TENSOR, Granularity.TOKEN):
            raise self._wrong(
                f"{where}.activation",
                f"{activation} is no activation format; write int8_token or int8_tensor",
            )
        if weight.is_float and not activation.is_float:
            raise self._wrong(f"{where}.activation", f"{activation} does not go with the weight's {weight}")

    def _check_attention(self, where: str, rule: AttentionRule) -> None:
        self._check_modules(where, rule.modules)
        for key, number in (("query", rule.query), ("probability", rule.probability), ("kv", rule.kv)):
            if number.is_float and number != FLOAT16:
                raise self._wrong(f"{where}.{key}", f"{number} is no float format of recipes; write float16")
            if not number.is_float and not number.dynamic:
                raise self._wrong(
                    f"{where}.{key}",
                    f"{number} has a fixed range; operands of attention are quantized at run time: write "
                    "int8_token or int8_tensor_dynamic",
                )
        if not rule.kv.is_float and rule.kv.granularity is not Granularity.TOKEN:
            raise self._wrong(
                f"{where}.kv", f"{rule.kv} cannot be appended to a cache token by token; write int8_token"
            )

    def _check_modules(self, where: str, modules: tuple[str, ...]) -> None:
        if not modules:
            raise self._wrong(f"{where}.modules", "is empty; name at least one module or glob")

    def _wrong(self, where: str, what: str) -> EdgeAsrError:
        return EdgeAsrError(f"recipe '{self.name}': {where}: {what}")


def matches(module: str, globs: Iterable[str]) -> bool:
    """Return whether a module's name fits any of the globs; `*` crosses dots, and case counts."""
    return any(fnmatchcase(module, glob) for glob in globs)


def with_methods(recipe: Recipe, steps: tuple[MethodStep, ...], *, name: str) -> Recipe:
    """Return a recipe with the formats of another and methods of its own.

    Raises:
        EdgeAsrError: if there is no step, but weights are integers.
    """
    by = ", then ".join(step.name for step in steps)
    return replace(recipe, name=name, methods=steps, description=f"The formats of {recipe.name}, by {by}.")


def bundled_recipes() -> tuple[str, ...]:
    """Return the names of the recipes that come with the package."""
    return tuple(sorted(path.stem for path in BUNDLED.glob("*.yaml")))


def load_recipe(path_or_name: str | Path) -> Recipe:
    """Return a bundled recipe by its name, or one from a YAML file.

    Raises:
        EdgeAsrError: if there is no such recipe, or the file breaks the schema (file, key path, value).
    """
    from quant.recipe_schema import read_recipe

    path = Path(path_or_name)
    if str(path_or_name) in bundled_recipes():
        return read_recipe(BUNDLED / f"{path_or_name}.yaml")
    if path.suffix in (".yaml", ".yml") or path.is_file():
        return read_recipe(path)
    raise unknown_name("recipe", str(path_or_name), known=bundled_recipes())


def save_recipe(recipe: Recipe, path: Path) -> None:
    """Write a recipe as YAML; `load_recipe` of the file gives an equal recipe.

    Raises:
        EdgeAsrError: if the file cannot be written.
    """
    import yaml

    from quant.recipe_schema import recipe_mapping

    text = yaml.safe_dump(recipe_mapping(recipe), sort_keys=False, width=110)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EdgeAsrError(f"'{path}' cannot be written ({error.strerror}); choose another place") from error


def recipe_json(recipe: Recipe) -> str:
    """Return a recipe as canonical JSON: equal recipes give equal text."""
    import json

    from quant.recipe_schema import recipe_mapping

    return json.dumps(recipe_mapping(recipe), sort_keys=True)
