"""A study: which models, recipes and chips are compared, on which corpora error rates are measured."""

from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path

from quant.recipe import MethodStep

BUNDLED = "bundled"
"""The study that ships with the package and runs with no network."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Quantization methods that run one after the other, under one name."""

    name: str
    steps: tuple[MethodStep, ...]


@dataclass(frozen=True, slots=True)
class Study:
    """What to compare.

    `models` are measured on every corpus; `cost_only` are costed from their stored architecture. Costs are
    means over the utterances of the first corpus: its audio lengths, and the tokens the float model
    generates there. Beside `recipes` there is a grid, `formats` times `methods`; see `reports.study.grid`.
    """

    name: str
    models: tuple[str, ...]
    cost_only: tuple[str, ...]
    recipes: tuple[str, ...]
    formats: tuple[str, ...]
    """Recipes whose formats the grid takes; their own methods do not count."""
    methods: tuple[Pipeline, ...]
    exclude: tuple[str, ...]
    """Globs over the names of the grid's recipes: combinations that make no sense."""
    chips: tuple[str, ...]
    corpora: tuple[str, ...]
    calibration: str
    """The corpus that methods look at, where a recipe needs one."""
    calibration_utterances: int | None
    """How many of its utterances; None for as many as give the decoder enough tokens."""
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
    from reports.study.schema import read_study

    if str(source) == BUNDLED:
        with resources.as_file(resources.files("reports.study") / "bundled.yaml") as path:
            return read_study(path)
    return read_study(Path(source))


def save_study(study: Study, path: Path) -> None:
    """Write the study as YAML that `load_study` reads back to an equal value."""
    import yaml

    content = {
        "name": study.name,
        "models": list(study.models),
        "cost_only": list(study.cost_only),
        "recipes": list(study.recipes),
        "formats": list(study.formats),
        "methods": [
            {pipeline.name: [{"name": step.name, "config": asdict(step.config)} for step in pipeline.steps]}
            for pipeline in study.methods
        ],
        "exclude": list(study.exclude),
        "chips": list(study.chips),
        "corpora": list(study.corpora),
        "calibration": study.calibration,
        "calibration_utterances": study.calibration_utterances,
        "limit": study.limit,
        "batch_size": study.batch_size,
        "seed": study.seed,
        "resamples": study.resamples,
    }
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
