"""The YAML form of a study: pydantic models that turn into the values of `reports.study.config` at once."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from quant.recipe_schema import MethodSchema, method_steps
from reports.study.config import BUNDLED, Pipeline, Study
from traces.documents import read_mapping, validated

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
"""Names that are legal in file names everywhere."""


def _steps(value: object) -> object:
    """Return the steps of a pipeline, of which one may be written without its list or its settings."""
    steps = value if isinstance(value, list) else [value]
    return [{"name": step} if isinstance(step, str) else step for step in steps]


def _pipeline(value: object) -> object:
    """Return a pipeline as its full form: `rtn` is `{name: rtn, steps: [rtn]}`, `{a: [b]}` is a of b."""
    if isinstance(value, str):
        return {"name": value, "steps": value}
    if isinstance(value, dict) and len(value) == 1:
        (name, steps) = next(iter(value.items()))
        return {"name": name, "steps": steps}
    raise ValueError(f"{value!r} is no pipeline; write a method's name, or one name with its list of methods")


class PipelineSchema(BaseModel):
    """One entry of `methods`, in full."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern=NAME)
    steps: Annotated[tuple[MethodSchema, ...], BeforeValidator(_steps)] = Field(min_length=1)


class StudySchema(BaseModel):
    """A study file."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern=NAME)
    models: tuple[str, ...] = ()
    cost_only: tuple[str, ...] = ()
    recipes: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    methods: tuple[Annotated[PipelineSchema, BeforeValidator(_pipeline)], ...] = ()
    exclude: tuple[str, ...] = ()
    chips: tuple[str, ...] = ()
    corpora: tuple[str, ...] = Field(default=(BUNDLED,), min_length=1)
    calibration: str = f"{BUNDLED}:calibration"
    calibration_utterances: int | None = Field(default=None, ge=1)
    limit: int | None = Field(default=None, ge=1)
    batch_size: int = Field(default=16, ge=1, le=1024)
    seed: int = Field(default=0, ge=0)
    resamples: int = Field(default=2000, ge=100, le=100_000)

    @model_validator(mode="after")
    def _check(self) -> "StudySchema":
        if not self.models and not self.cost_only:
            raise ValueError("a study needs a model; list some under 'models' or 'cost_only'")
        if bool(self.formats) != bool(self.methods):
            here, missing = ("formats", "methods") if self.formats else ("methods", "formats")
            raise ValueError(f"{here} without {missing} gives no recipe; list both, or write recipes")
        if not self.recipes and not self.formats:
            raise ValueError("a study needs a recipe; list some under 'recipes', or formats and methods")
        lists = {key: getattr(self, key) for key in _LISTS}
        for key, names in (lists | {"methods": tuple(entry.name for entry in self.methods)}).items():
            repeated = sorted({name for name in names if names.count(name) > 1})
            if repeated:
                raise ValueError(f"{key} lists {', '.join(repeated)} more than once; keep one")
        both = sorted(set(self.models) & set(self.cost_only))
        if both:
            raise ValueError(f"{', '.join(both)} stands under both models and cost_only; keep one")
        return self


_LISTS = ("models", "cost_only", "recipes", "formats", "exclude", "chips", "corpora")


def read_study(path: Path) -> Study:
    """Return the study of a YAML file.

    Raises:
        EdgeAsrError: naming the file, the key path, the value and, for a misspelt key, the nearest known one.
    """
    document = validated(read_mapping(path), StudySchema, where=str(path))
    methods = tuple(
        Pipeline(entry.name, method_steps(entry.steps, where=f"{path}: methods.{entry.name}"))
        for entry in document.methods
    )
    return Study(**(document.model_dump() | {"methods": methods}))
