"""The YAML form of a sweep: pydantic models that turn into the values of `reports.sweep.config` at once."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from hwmodels.overrides import is_whole, number_at
from reports.study.schema import NAME
from reports.sweep.config import Search, Sweep
from simulator.sweep.axes import MOST_POINTS, Axis, Choices, Sample, Span, Value, n_points, stepped
from simulator.sweep.parts import part_of
from simulator.sweep.space import NAMES, WHOLE, WORK, Base
from traces.documents import read_mapping, validated
from traces.errors import EdgeAsrError

Written = int | float | str
IDENTIFIER = r"^[A-Za-z_]\w{0,63}$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class RangeSchema(_Strict):
    """A range of numbers, its ends included; without `steps` it is sampled or searched."""

    start: Written = Field(alias="from")
    stop: Written = Field(alias="to")
    steps: int | None = Field(default=None, ge=2, le=MOST_POINTS)
    scale: Literal["linear", "log"] = "linear"


AxisSchema = Annotated[
    Annotated[list[Written], Tag("list")] | Annotated[RangeSchema, Tag("range")],
    Discriminator(lambda value: "range" if isinstance(value, dict | RangeSchema) else "list"),
]
"""So that a mistake in a range is not answered with what a list would be."""


class SampleSchema(_Strict):
    """How many points are drawn instead of all combinations."""

    random: int | None = Field(default=None, ge=1)
    latin_hypercube: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _check(self) -> "SampleSchema":
        if (self.random is None) == (self.latin_hypercube is None):
            raise ValueError("write one of random and latin_hypercube, with a number of points")
        return self


class SearchSchema(_Strict):
    """How points are searched for."""

    sampler: Literal["nsga2", "tpe"] = "nsga2"
    trials: int = Field(ge=1, le=1_000_000)
    batch: int = Field(default=100, ge=1, le=10_000)


class SweepSchema(_Strict):
    """A sweep file."""

    name: str = Field(pattern=NAME)
    model: str
    recipe: str = "float"
    chip: str
    audio_s: float = Field(default=5.0, gt=0)
    tokens: int = Field(default=20, ge=1)
    batch: int = Field(default=1, ge=1)
    beam: int = Field(default=1, ge=1)
    axes: dict[str, AxisSchema] = Field(min_length=1)
    sample: SampleSchema | None = None
    search: SearchSchema | None = None
    define: dict[Annotated[str, Field(pattern=IDENTIFIER)], str] = {}
    constraints: tuple[str, ...] = ()
    objectives: tuple[str, ...] = Field(default=("latency_s", "energy_j"), min_length=1)
    accuracy: str | None = None
    chunk_points: int = Field(default=4096, ge=1, le=1_000_000)
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _check(self) -> "SweepSchema":
        if self.sample and self.search:
            raise ValueError("a sweep samples or searches; leave one of sample and search out")
        if len(set(self.objectives)) < len(self.objectives):
            raise ValueError("objectives lists one more than once; keep one")
        return self


def read_sweep(path: Path) -> Sweep:
    """Return the sweep of a YAML file.

    Raises:
        EdgeAsrError: naming the file, the key path, the value and, for a misspelt key, the nearest known one.
    """
    document = validated(read_mapping(path), SweepSchema, where=str(path))
    try:
        return _sweep(document)
    except EdgeAsrError as error:
        raise EdgeAsrError(f"{path}: {error}") from error


def sweep_mapping(sweep: Sweep) -> dict[str, object]:
    """Return a sweep in the form of a file that `read_sweep` reads back to an equal value."""
    base, search, sample = sweep.base, sweep.search, sweep.sample
    content: dict[str, object] = {
        "name": sweep.name,
        **{key: getattr(base, key) for key in Base.__slots__},
        "axes": {axis.name: _written(axis) for axis in sweep.axes},
        "define": dict(sweep.define),
        "constraints": list(sweep.constraints),
        "objectives": list(sweep.objectives),
        "accuracy": sweep.accuracy,
        "chunk_points": sweep.chunk_points,
        "seed": sample.seed,
    }
    if search is not None:
        content["search"] = {"sampler": search.sampler, "trials": search.trials, "batch": search.batch}
    elif sample.sampling != "grid":
        content["sample"] = {sample.sampling: sample.points}
    return content


def _sweep(document: SweepSchema) -> Sweep:
    axes = tuple(_axis(name, written) for name, written in document.axes.items())
    search, drawn = document.search, document.sample
    if drawn is None:
        sample = Sample("grid", 0, document.seed)
    elif drawn.random is not None:
        sample = Sample("random", drawn.random, document.seed)
    else:
        sample = Sample("latin_hypercube", drawn.latin_hypercube or 0, document.seed)
    if search is None:
        n_points(axes, sample)
    return Sweep(
        name=document.name,
        base=Base(**{key: getattr(document, key) for key in Base.__slots__}),
        axes=axes,
        sample=sample,
        search=None if search is None else Search(search.sampler, search.trials, search.batch, document.seed),
        define=tuple(document.define.items()),
        constraints=document.constraints,
        objectives=document.objectives,
        accuracy=document.accuracy,
        chunk_points=document.chunk_points,
    )


def _axis(name: str, written: list[Written] | RangeSchema) -> Axis:
    textual = name in NAMES or part_of(name) is not None
    if isinstance(written, RangeSchema):
        if textual:
            raise EdgeAsrError(f"axes.{name}: has names, of which there is no range; write a list")
        return _range(name, written)
    values: tuple[Value, ...] = tuple(str(value) if textual else _number(name, value) for value in written)
    if not values:
        raise EdgeAsrError(f"axes.{name}: has no values; write some, or leave the axis out")
    if len(set(values)) < len(values):
        raise EdgeAsrError(f"axes.{name}: lists a value more than once; keep one")
    return Choices(name, values)


def _range(name: str, written: RangeSchema) -> Axis:
    low, high = _number(name, written.start), _number(name, written.stop)
    if low >= high:
        raise EdgeAsrError(
            f"axes.{name}: the range from {written.start} to {written.stop} is empty; write the smaller first"
        )
    if written.scale == "log" and low <= 0:
        raise EdgeAsrError(f"axes.{name}: a log range cannot start at {written.start}; start above 0")
    span = Span(name, low, high, log=written.scale == "log", whole=name in WHOLE or is_whole(name))
    return span if written.steps is None else stepped(span, written.steps)


def _number(name: str, written: Written) -> float:
    try:
        value = number_at(name, str(written))
    except EdgeAsrError as error:
        raise EdgeAsrError(f"axes.{error}") from error
    if name in WHOLE and (value < 1 or value != int(value)):
        raise EdgeAsrError(f"axes.{name}: {written}: write a whole number of at least 1")
    if name in WORK and value <= 0:
        raise EdgeAsrError(f"axes.{name}: {written}: write a positive number")
    return value


def _written(axis: Axis) -> object:
    if isinstance(axis, Choices):
        return list(axis.values)
    return {"from": axis.low, "to": axis.high, "scale": "log" if axis.log else "linear"}
