"""A sweep: what is varied, what is allowed, and what is to be small."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from simulator.sweep.axes import Axis, Sample
from simulator.sweep.space import Base

Sampler = Literal["nsga2", "tpe"]


@dataclass(frozen=True, slots=True)
class Search:
    """How optuna looks for good points: `trials` of them, `batch` asked for and costed at a time."""

    sampler: Sampler
    trials: int
    batch: int
    seed: int


@dataclass(frozen=True, slots=True)
class Sweep:
    """What to sweep.

    `define` names expressions over the numbers of chip and work, the costs, and earlier definitions.
    `constraints` are expressions that must hold; `objectives` are names of what is to be small. `accuracy` is
    the run folder of a study whose word error rates are taken for models and recipes of the same names.
    """

    name: str
    base: Base
    axes: tuple[Axis, ...]
    sample: Sample
    search: Search | None
    define: tuple[tuple[str, str], ...]
    constraints: tuple[str, ...]
    objectives: tuple[str, ...]
    accuracy: str | None
    chunk_points: int
    """How many points are costed as one job and kept as one file."""


def load_sweep(path: Path) -> Sweep:
    """Return the sweep in a YAML file.

    Raises:
        EdgeAsrError: if the file is missing or breaks the schema: file, key path, value.
    """
    from reports.sweep.schema import read_sweep

    return read_sweep(path)
