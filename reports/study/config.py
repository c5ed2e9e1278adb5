"""A study: which models, recipes and chips are compared, on which corpora error rates are measured."""

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traces.documents import read_mapping, validated

if TYPE_CHECKING:
    from pydantic import BaseModel

BUNDLED = "bundled"
"""The study that ships with the package and runs with no network."""


@dataclass(frozen=True, slots=True)
class Study:
    """What to compare.

    `models` are measured on every corpus; `cost_only` are costed from their stored architecture. Costs are
    means over the utterances of the first corpus: its audio lengths, and the tokens the float model
    generates there.
    """

    name: str
    models: tuple[str, ...]
    cost_only: tuple[str, ...]
    recipes: tuple[str, ...]
    chips: tuple[str, ...]
    corpora: tuple[str, ...]
    limit: int | None
    """At most so many utterances of each corpus; None for all."""
    batch_size: int
    seed: int
    resamples: int
    """Of the bootstrap behind every interval of a word error rate."""


def load_study(source: str | Path = BUNDLED) -> Study:
    """Return the study in a YAML file, or the bundled one.

    Raises:
        EdgeAsrError: if the file is missing or breaks the schema: file, key path, value.
    """
    if str(source) == BUNDLED:
        with resources.as_file(resources.files("reports.study") / "bundled.yaml") as path:
            return _read(path)
    return _read(Path(source))


def save_study(study: Study, path: Path) -> None:
    """Write the study as YAML that `load_study` reads back to an equal value."""
    import yaml

    content = {
        "name": study.name,
        "models": list(study.models),
        "cost_only": list(study.cost_only),
        "recipes": list(study.recipes),
        "chips": list(study.chips),
        "corpora": list(study.corpora),
        "limit": study.limit,
        "batch_size": study.batch_size,
        "seed": study.seed,
        "resamples": study.resamples,
    }
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def _read(path: Path) -> Study:
    document = validated(read_mapping(path), _schema(), where=str(path)).model_dump()
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in document.items()
    }
    return Study(**values)


def _schema() -> "type[BaseModel]":
    from pydantic import BaseModel, ConfigDict, Field, model_validator

    class StudyDocument(BaseModel):
        model_config = ConfigDict(extra="forbid")
        name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
        models: list[str] = []
        cost_only: list[str] = []
        recipes: list[str] = Field(min_length=1)
        chips: list[str] = Field(min_length=1)
        corpora: list[str] = Field(default=[BUNDLED], min_length=1)
        limit: int | None = Field(default=None, ge=1)
        batch_size: int = Field(default=16, ge=1, le=1024)
        seed: int = Field(default=0, ge=0)
        resamples: int = Field(default=2000, ge=100, le=100_000)

        @model_validator(mode="after")
        def _check(self) -> "StudyDocument":
            if not self.models and not self.cost_only:
                raise ValueError("a study needs a model; list some under 'models' or 'cost_only'")
            for key in ("models", "cost_only", "recipes", "chips", "corpora"):
                values = getattr(self, key)
                repeated = sorted({value for value in values if values.count(value) > 1})
                if repeated:
                    raise ValueError(f"{key} lists {', '.join(repeated)} more than once; keep one")
            both = sorted(set(self.models) & set(self.cost_only))
            if both:
                raise ValueError(f"{', '.join(both)} stands under both models and cost_only; keep one")
            return self

    return StudyDocument


def check_names(study: Study) -> None:
    """Verify that every model, recipe, chip and corpus of the study exists, before any work is done.

    Raises:
        EdgeAsrError: for the first unknown name, with the nearest known ones.
    """
    from asr.corpora import load_corpus
    from asr.models import check_name
    from hwmodels.chip_file import load_chip
    from quant.recipe import load_recipe
    from reports.workloads import check_not_packed
    from traces.store import load_workload

    for chip in study.chips:
        load_chip(chip)
    for recipe in study.recipes:
        load_recipe(recipe)
    for corpus in study.corpora:
        load_corpus(corpus)
    for model in study.models:
        check_name(model)
        check_not_packed(model, study.recipes[0])
    for model in study.cost_only:
        load_workload(model)
