"""The run folder: where a study keeps what it has finished, so that an interrupted one continues."""

import json
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from asr.corpus import CorpusIdentity
from asr.evaluate import Evaluation, load_evaluation, save_evaluation
from asr.normalise import normaliser_name
from asr.recogniser import Recogniser
from quant.recipe import Recipe
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
class RunFolder:
    """A folder that holds one study's results.

    Cells lie under `cells/`, one Parquet file each, named by a hash of everything their result depends on.
    A cell that is there is not measured again; one that is not has left nothing behind, since files are
    renamed into place when they are complete.
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

    def load(self, key: str) -> Evaluation | None:
        """Return a finished cell, or None where it has to be measured."""
        file = self._file(key)
        return load_evaluation(file) if file.is_file() else None

    def save(self, key: str, evaluation: Evaluation) -> None:
        """Keep a finished cell."""
        save_evaluation(evaluation, self._file(key))

    def unfinished(self, key: str) -> Path:
        """Return where a cell's utterances are kept while it is being measured."""
        return self.path / "cells" / f"{key}.unfinished"

    def write_text(self, name: str, text: str) -> Path:
        """Write a file of the run under its final name at once."""
        return replace_text(self.path / name, text)

    def _file(self, key: str) -> Path:
        return self.path / "cells" / f"{key}.parquet"


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
    recogniser: Recogniser, recipe: Recipe, corpus: CorpusIdentity, *, batch_size: int, seed: int
) -> str:
    """Return the name of a cell's file: model, recipe, corpus, and a hash of all the result depends on."""
    inputs = {
        "model": [recogniser.name, recogniser.revision, recogniser.dtype],
        "recipe": repr(recipe),
        "corpus": [corpus.name, corpus.source, corpus.config, corpus.split, corpus.revision, corpus.limit],
        "decoding": [recogniser.token_cap.tokens_per_s, recogniser.token_cap.extra_tokens, batch_size],
        "normaliser": normaliser_name(),
        "seed": seed,
        "versions": code_versions(),
    }
    digest = sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:16]
    parts = (recogniser.name, recipe.name, corpus.name, digest)
    return "--".join("".join(c if c.isalnum() or c in "._-" else "_" for c in part)[-60:] for part in parts)


def code_versions() -> dict[str, str]:
    """Return the versions of everything a measured number depends on."""
    from importlib.metadata import version

    names = ("edgeasr", "torch", "transformers", "numpy", "jiwer", "whisper-normalizer")
    return {name: version(name) for name in names}
