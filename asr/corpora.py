"""Corpora by name: the bundled one, any folder, and those of the Open ASR Leaderboard."""

import os
import re
from pathlib import Path

from asr.corpus import Corpus
from asr.folder_corpora import read_folder
from asr.hub_corpora import read_hub
from asr.leaderboard import LEADERBOARD
from traces.errors import EdgeAsrError, unknown_name

BUNDLED_CORPUS = Path(__file__).parent / "bundled" / "corpus"

FOLDER_PREFIX = "audiofolder:"

BUNDLED: dict[str, str] = {"bundled": "test", "bundled:calibration": "calibration"}
"""Names of the bundled corpora, and the split (a folder in this package) behind each."""


def corpus_names() -> tuple[str, ...]:
    """Return every name that `load_corpus` knows; `audiofolder:PATH` stands for any folder."""
    return (*BUNDLED, f"{FOLDER_PREFIX}PATH", *LEADERBOARD)


def load_corpus(spec: str, *, limit: int | None = None, root: Path | None = None) -> Corpus:
    """Return a corpus by name.

    `spec` is `bundled`, `bundled:calibration`, `audiofolder:PATH`, or a corpus of the Open ASR Leaderboard
    such as `librispeech-clean`. Environment variables in PATH are filled in (`audiofolder:$AN4_DIR/test`), so
    that a study file holds on every machine. `root` is a folder that holds copies of hub repositories, each
    under its hub id; it replaces the network, and defaults to the environment variable EDGEASR_CORPORA_DIR.

    Raises:
        EdgeAsrError: the name is unknown, the corpus is empty or incomplete, or the hub cannot be reached.
    """
    corpus = _open(spec, root)
    return corpus if limit is None else corpus.take(limit)


def _open(spec: str, root: Path | None) -> Corpus:
    if spec in BUNDLED:
        split = BUNDLED[spec]
        return read_folder(BUNDLED_CORPUS / split, name=spec, source="edgeasr", split=split)
    if spec.startswith(FOLDER_PREFIX):
        path = spec.removeprefix(FOLDER_PREFIX)
        return read_folder(_folder(path), name=spec, source=path, split="")
    if spec in LEADERBOARD:
        return read_hub(spec, LEADERBOARD[spec], root=root)
    if Path(spec).is_dir():
        raise EdgeAsrError(f"corpus '{spec}' is a folder; write '{FOLDER_PREFIX}{spec}'")
    raise unknown_name("corpus", spec, known=corpus_names())


def _folder(path: str) -> Path:
    for name in re.findall(r"\$\{?(\w+)", path):
        if name not in os.environ:
            raise EdgeAsrError(
                f"corpus '{FOLDER_PREFIX}{path}': the environment variable {name} is not set; "
                f"set it, as in {name}=/path/to/folder"
            )
    return Path(os.path.expandvars(path)).expanduser()
