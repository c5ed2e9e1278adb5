"""The row that is kept of every utterance, and its Parquet file."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING

from traces.errors import EdgeAsrError

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, slots=True)
class UtteranceResult:
    """What was said and what was heard, raw, with what the recogniser did for it.

    The counts are those of `asr.decode.Transcript`: `tokens` is how often the decoder ran, end of text
    included, over `n_windows` passes; `capped` says that the token cap ended one of them.
    """

    id: str
    reference: str
    hypothesis: str
    audio_s: float
    tokens: int
    n_windows: int
    capped: bool
    inference_s: float = field(compare=False)


COLUMNS = tuple(column.name for column in fields(UtteranceResult))

NOTE_KEY = b"edgeasr"
"""Where a Parquet file's metadata keeps the JSON text that goes with the rows."""


def rows_to_frame(rows: Sequence[UtteranceResult]) -> "pandas.DataFrame":
    """Return one line per utterance, with a column per field."""
    import pandas

    return pandas.DataFrame([asdict(row) for row in rows], columns=list(COLUMNS))


def rows_from_frame(frame: "pandas.DataFrame") -> tuple[UtteranceResult, ...]:
    """Return the rows of a table that has at least the columns of `rows_to_frame`.

    Raises:
        EdgeAsrError: a column is missing.
    """
    missing = [column for column in COLUMNS if column not in frame.columns]
    if missing:
        raise EdgeAsrError(f"a table of utterances lacks the columns {', '.join(missing)}")
    return tuple(
        UtteranceResult(
            id=str(line["id"]),
            reference=str(line["reference"]),
            hypothesis=str(line["hypothesis"]),
            audio_s=float(line["audio_s"]),
            tokens=int(line["tokens"]),
            n_windows=int(line["n_windows"]),
            capped=bool(line["capped"]),
            inference_s=float(line["inference_s"]),
        )
        for line in frame[list(COLUMNS)].to_dict("records")
    )


def save_rows(rows: Sequence[UtteranceResult], path: Path, *, note: str) -> None:
    """Write rows to a Parquet file, with a JSON text in its metadata.

    The file appears whole or not at all: it is written under a temporary name and renamed.

    Raises:
        EdgeAsrError: the file cannot be written.
    """
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.Table.from_pandas(rows_to_frame(rows), preserve_index=False)
    partial = path.with_name(f"{path.name}.part")
    try:
        with partial.open("wb") as stream:
            parquet.write_table(table.replace_schema_metadata({NOTE_KEY: note.encode()}), stream)
        partial.replace(path)
    except OSError as error:
        raise EdgeAsrError(f"'{path}' cannot be written: {error.strerror or error}") from error


def load_rows(path: Path) -> tuple[tuple[UtteranceResult, ...], str]:
    """Return the rows of a file that `save_rows` wrote, and the JSON text beside them.

    Raises:
        EdgeAsrError: the file is missing, or is not such a file.
    """
    import pyarrow
    from pyarrow import parquet

    try:
        table = parquet.read_table(path)
    except (OSError, pyarrow.ArrowInvalid) as error:
        raise EdgeAsrError(f"'{path}' is not a Parquet file that can be read") from error
    metadata = table.schema.metadata or {}
    if NOTE_KEY not in metadata:
        raise EdgeAsrError(f"'{path}' was not written by edgeasr: its metadata has no '{NOTE_KEY.decode()}'")
    return rows_from_frame(table.to_pandas()), metadata[NOTE_KEY].decode()
