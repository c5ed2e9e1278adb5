"""Corpora in a local folder, in the `audiofolder` layout of Hugging Face `datasets`."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from asr.audio import load_audio
from asr.corpus import Corpus, CorpusIdentity, Utterance
from traces.errors import EdgeAsrError
from traces.faults import one_line

METADATA = "metadata.csv"
FILE_COLUMN = "file_name"
TEXT_COLUMNS = ("transcription", "text", "sentence", "transcript")
"""Names that a transcript column goes by; the first one found is read."""


@dataclass(frozen=True, slots=True)
class _Clip:
    file: Path
    id: str
    reference: str


def read_folder(folder: Path, *, name: str, source: str, split: str) -> Corpus:
    """Return the corpus of a folder with audio files and a `metadata.csv` (`file_name,transcription`).

    Every file is looked for at once; audio is read when the corpus is iterated. An empty transcription stands
    for a clip without speech.

    Raises:
        EdgeAsrError: the folder, its metadata, the transcript column or an audio file is missing or cannot be
            read, or there is no utterance.
    """
    advice = f"see to it that {METADATA} and the files it names can be read"
    with one_line(f"corpus folder '{folder}' cannot be read", remedy=advice):
        clips = _read_metadata(folder)
        revision = _digest(folder, clips)

    def read() -> Iterator[Utterance]:
        for clip in clips:
            yield Utterance(clip.id, load_audio(clip.file), clip.reference)

    identity = CorpusIdentity(name=name, source=source, config="", split=split, revision=revision)
    return Corpus(identity, n_utterances=len(clips), read=read)


def _read_metadata(folder: Path) -> tuple[_Clip, ...]:
    if not folder.is_dir():
        raise EdgeAsrError(f"corpus folder '{folder}' does not exist")
    path = folder / METADATA
    if not path.is_file():
        raise EdgeAsrError(f"transcripts missing: corpus folder '{folder}' has no {METADATA}")
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            columns, rows = tuple(reader.fieldnames or ()), list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise EdgeAsrError(f"'{path}' is not a CSV file in UTF-8: {error}") from error
    if not columns:
        raise EdgeAsrError(f"corpus is empty: '{path}' has no rows")
    text_column = next((column for column in TEXT_COLUMNS if column in columns), None)
    if FILE_COLUMN not in columns or text_column is None:
        needed = FILE_COLUMN if FILE_COLUMN not in columns else TEXT_COLUMNS[0]
        raise EdgeAsrError(f"'{path}' has no column '{needed}'; its columns: {', '.join(columns)}")
    if not rows:
        raise EdgeAsrError(f"corpus is empty: '{path}' has no rows")
    return tuple(_clip(folder, row, line=line, text_column=text_column) for line, row in enumerate(rows, 2))


def _clip(folder: Path, row: Mapping[str, str | None], *, line: int, text_column: str) -> _Clip:
    metadata, file_name, reference = folder / METADATA, row[FILE_COLUMN], row[text_column]
    if reference is None:
        raise EdgeAsrError(f"'{metadata}' row {line}: transcript of '{file_name}' is missing")
    if not file_name or not (folder / file_name).is_file():
        raise EdgeAsrError(f"'{metadata}' row {line}: audio file '{file_name}' does not exist")
    return _Clip(folder / file_name, file_name, reference)


def _digest(folder: Path, clips: tuple[_Clip, ...]) -> str:
    hasher = sha256((folder / METADATA).read_bytes())
    for clip in clips:
        hasher.update(f"{clip.id} {clip.file.stat().st_size}\n".encode())
    return f"sha256:{hasher.hexdigest()[:12]}"
