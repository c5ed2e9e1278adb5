"""The run folder: where a study keeps what it has finished, so that an interrupted one continues."""

import json
import os
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from asr.corpus import CorpusIdentity
from asr.evaluate import Evaluation, load_evaluation, save_evaluation
from asr.normalise import normaliser_name
from asr.recogniser import Recogniser
from quant.recipe import Recipe, recipe_json
from reports.versions import code_versions
from traces.errors import EdgeAsrError


@dataclass(frozen=True, slots=True)
class Cell:
    """One measurement of a study: a model under a recipe on a corpus."""

    model: str
    recipe: str
    corpus: str

    def __str__(self) -> str:
        return f"{self.model} {self.recipe} on {self.corpus}"


@dataclass(frozen=True, slots=True)
class Effort:
    """What it took to quantize a network: time on the host, the data looked at, and what was remarked."""

    quantization_s: float
    calibration_utterances: int
    calibration_tokens: int
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """A finished cell."""

    cell: Cell
    evaluation: Evaluation
    effort: Effort


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A folder that holds one study's results.

    Cells lie under `cells/`, a Parquet file each and a JSON file of the effort, named by a hash of everything
    their result depends on. A cell whose Parquet file is there is not measured again; one that is not has
    left nothing behind that counts, since files are renamed into place when they are complete.
    """

    path: Path

    def prepare(self) -> None:
        """Create the folder.

        Raises:
            EdgeAsrError: if it cannot be created or written.
        """
        try:
            for name in ("cells", "figures"):
                (self.path / name).mkdir(parents=True, exist_ok=True)
            probe = self.path / ".writable"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise EdgeAsrError(
                f"run folder '{self.path}' cannot be written ({error.strerror}); choose another with --output"
            ) from error

    def holds(self, key: str) -> bool:
        """Return whether a cell is finished."""
        return self._file(key).is_file()

    def load(self, key: str, cell: Cell) -> Measured:
        """Return a finished cell.

        Raises:
            EdgeAsrError: if a file is missing or of another kind.
        """
        return Measured(cell, load_evaluation(self._file(key)), self._load_effort(key))

    def save(self, key: str, evaluation: Evaluation, *, effort: Effort) -> None:
        """Keep a finished cell; the effort goes first, since the evaluation says that it is finished."""
        replace_text(self._effort_file(key), json.dumps(asdict(effort)) + "\n")
        save_evaluation(evaluation, self._file(key))

    def unfinished(self, key: str) -> Path:
        """Return where a cell's utterances are kept while it is being measured."""
        return self.path / "cells" / f"{key}.unfinished"

    @property
    def blocks(self) -> Path:
        """Where finished blocks of a network are kept while it is being quantized."""
        return self.path / "blocks"

    @property
    def told(self) -> Path:
        """Where processes say how far they are."""
        return self.path / "progress"

    def write_text(self, name: str, text: str) -> Path:
        """Write a file of the run under its final name at once."""
        return replace_text(self.path / name, text)

    def _file(self, key: str) -> Path:
        return self.path / "cells" / f"{key}.parquet"

    def _effort_file(self, key: str) -> Path:
        return self.path / "cells" / f"{key}.json"

    def _load_effort(self, key: str) -> Effort:
        from pydantic import TypeAdapter, ValidationError

        file = self._effort_file(key)
        try:
            return TypeAdapter(Effort).validate_json(file.read_bytes())
        except (OSError, ValidationError) as error:
            raise EdgeAsrError(
                f"'{file}' cannot be read; delete it and '{key}.parquet' to measure again"
            ) from error


def replace_text(path: Path, text: str) -> Path:
    """Write a text file so that it appears whole or not at all.

    Raises:
        EdgeAsrError: if it cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise EdgeAsrError(f"'{path}' cannot be written ({error.strerror}); choose another place") from error
    return path


def cell_key(
    recogniser: Recogniser,
    recipe: Recipe,
    *,
    corpus: CorpusIdentity,
    calibration: CorpusIdentity | None,
    batch_size: int,
    seed: int,
) -> str:
    """Return the name of a cell's file: model, recipe, corpus, and a hash of all the result depends on.

    `calibration` is None for a recipe that looks at no data.
    """
    inputs = {
        "model": [recogniser.name, recogniser.revision, recogniser.dtype],
        "recipe": recipe_json(recipe),
        "corpus": asdict(corpus),
        "calibration": calibration and asdict(calibration),
        "decoding": [recogniser.token_cap.tokens_per_s, recogniser.token_cap.extra_tokens, batch_size],
        "normaliser": normaliser_name(),
        "seed": seed,
        "versions": code_versions(),
    }
    digest = sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:16]
    parts = (recogniser.name, recipe.name, corpus.name, digest)
    return "--".join("".join(c if c.isalnum() or c in "+._-" else "_" for c in part)[-60:] for part in parts)
