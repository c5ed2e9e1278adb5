"""Corpora on the Hugging Face hub, streamed through `datasets`, or read from a local copy of a repository."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from asr.audio import decode_audio, load_audio
from asr.corpus import Corpus, CorpusIdentity, Utterance
from asr.leaderboard import IGNORED_REFERENCE, HubCorpus
from asr.normalise import normalise
from traces.errors import EdgeAsrError
from traces.faults import one_line, reason_of

ROOT_VARIABLE = "EDGEASR_CORPORA_DIR"

LOCAL_REVISION = "local copy"

CARD = "README.md"

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Copy:
    """Where rows are read from: a folder laid out as the hub's repository, or (no folder) the hub itself."""

    revision: str
    folder: Path | None


def read_hub(name: str, place: HubCorpus, *, root: Path | None) -> Corpus:
    """Return a leaderboard corpus, without the rows that the leaderboard drops.

    Dropped are rows whose normalised reference is empty or `IGNORED_REFERENCE`. Audio is streamed and
    decoded one utterance at a time; nothing is downloaded ahead. With `root` (or EDGEASR_CORPORA_DIR) the
    repository's copy in `root/<hub id>` is read and the network left alone. Where HF_HUB_OFFLINE is set, the
    copy that `hf download` has put into the hub's cache is read.

    Raises:
        EdgeAsrError: the local copy is missing or the hub cannot be reached; while reading, a column is
            missing or audio cannot be decoded.
    """
    copy = _local_copy(place, root) or _hub_copy(name, place)

    def read() -> Iterator[Utterance]:
        n_kept = 0
        for position, row in enumerate(_rows(name, place, copy=copy)):
            utterance = _utterance(name, place, row=row, position=position)
            if utterance:
                n_kept += 1
                yield utterance
        if not n_kept:
            raise EdgeAsrError(f"corpus is empty: '{name}' ({place.config}, {place.split}) has no utterance")

    identity = CorpusIdentity(
        name=name, source=place.hub_id, config=place.config, split=place.split, revision=copy.revision
    )
    return Corpus(identity, n_utterances=None, read=read)


def _local_copy(place: HubCorpus, root: Path | None) -> _Copy | None:
    chosen = root or (Path(os.environ[ROOT_VARIABLE]) if os.environ.get(ROOT_VARIABLE) else None)
    if chosen is None:
        return None
    folder = chosen / place.hub_id
    if not folder.is_dir():
        raise EdgeAsrError(
            f"'{chosen}' holds no copy of the hub repository '{place.hub_id}': '{folder}' does not exist"
        )
    return _Copy(LOCAL_REVISION, folder)


def _hub_copy(name: str, place: HubCorpus) -> _Copy:
    """Return the commit that the table's revision stands for, so that a result names what it read.

    The repository's card is fetched for it: that also finds the commit in the cache, without a network.
    """
    from huggingface_hub import constants, hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        card = hf_hub_download(place.hub_id, CARD, repo_type="dataset", revision=place.revision)
    except HfHubHTTPError as error:
        raise EdgeAsrError(
            f"the Hugging Face hub does not give out corpus '{name}': {reason_of(error)}"
        ) from error
    except OSError as error:
        raise EdgeAsrError(
            f"corpus '{name}' is on the Hugging Face hub ({place.hub_id}), which cannot be reached; connect, "
            f"or set {ROOT_VARIABLE} to a folder that holds a copy of the repository"
        ) from error
    snapshot = Path(card).parent
    return _Copy(snapshot.name, snapshot if constants.HF_HUB_OFFLINE else None)


def _rows(name: str, place: HubCorpus, *, copy: _Copy) -> Iterator[Row]:
    from datasets import Audio, load_dataset

    source = str(copy.folder or place.hub_id)
    with one_line(f"corpus '{name}' cannot be opened from '{source}'"):
        dataset = load_dataset(
            source,
            data_files={place.split: place.files},
            split=place.split,
            revision=None if copy.folder else copy.revision,
            streaming=True,
        )
        undecoded = dataset.cast_column(place.audio_column, Audio(decode=False))
    with one_line(f"corpus '{name}' cannot be read on from '{source}'", remedy="start again"):
        yield from undecoded


def _utterance(name: str, place: HubCorpus, *, row: Row, position: int) -> Utterance | None:
    for column in (place.audio_column, place.text_column):
        if column not in row:
            raise EdgeAsrError(f"corpus '{name}' has no column '{column}'; its columns: {', '.join(row)}")
    reference = row[place.text_column]
    if not isinstance(reference, str):
        raise EdgeAsrError(f"corpus '{name}', row {position}: transcript is missing")
    if normalise(reference) in ("", IGNORED_REFERENCE):
        return None
    identifier = f"{position:06d}-{row.get(place.id_column, '')}".rstrip("-")
    label = f"{name}, row {position}"
    match row[place.audio_column]:
        case {"bytes": bytes(content)}:
            return Utterance(identifier, decode_audio(content, name=label), reference)
        case {"path": str(path)}:
            return Utterance(identifier, load_audio(Path(path)), reference)
    raise EdgeAsrError(f"corpus '{name}', row {position}: audio is missing")
