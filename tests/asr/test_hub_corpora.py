"""The hub path against local folders that are laid out like the hub repository."""

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import soundfile
from datasets import IterableDataset
from huggingface_hub import constants
from pyarrow import parquet

from asr.corpora import load_corpus
from asr.hub_corpora import ROOT_VARIABLE
from asr.leaderboard import ESB, LEADERBOARD
from traces.errors import EdgeAsrError

FEATURES = json.dumps(
    {
        "info": {
            "features": {
                "audio": {"sampling_rate": 16_000, "_type": "Audio"},
                "text": {"dtype": "string", "_type": "Value"},
                "id": {"dtype": "string", "_type": "Value"},
                "dataset": {"dtype": "string", "_type": "Value"},
            }
        }
    }
)
"""What `push_to_hub` writes into a Parquet file's schema."""

AUDIO = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def clip(duration_s: float, *, rate_hz: int = 16_000) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, np.full(int(duration_s * rate_hz), 0.1), rate_hz, format="WAV")
    return buffer.getvalue()


def write_rows(file: Path, rows: Sequence[tuple[bytes | None, str | None, str | None]]) -> None:
    """Write rows of (audio bytes, audio path, text) as the hub's parquet files hold them."""
    audio = [
        None if content is None and path is None else {"bytes": content, "path": path}
        for content, path, _ in rows
    ]
    columns = {
        "audio": pa.array(audio, AUDIO),
        "text": pa.array([text for _, _, text in rows], pa.string()),
        "id": pa.array([f"speaker-{i}" for i in range(len(rows))]),
        "dataset": pa.array(["x"] * len(rows)),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table(columns).replace_schema_metadata({"huggingface": FEATURES}), file)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a copy of the repository; two files make up LibriSpeech's split."""
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    copy = tmp_path / ESB
    copy.mkdir(parents=True)
    stored = tmp_path / "stored.wav"
    stored.write_bytes(clip(0.5))
    write_rows(
        copy / "librispeech" / "test.clean-00000-of-00002.parquet",
        [(clip(2.0), "a.wav", "HE WENT HOME"), (clip(1.0), "b.wav", " ")],
    )
    write_rows(
        copy / "librispeech" / "test.clean-00001-of-00002.parquet",
        [
            (clip(1.5, rate_hz=8_000), None, "TWENTY FIVE DOLLARS"),
            (clip(1.0), None, "ignore time segment in scoring"),
            (clip(1.0), None, "uh hmm"),
            (None, str(stored), "SHE SAID YES"),
        ],
    )
    return tmp_path


def test_rows_come_in_order_without_those_the_leaderboard_drops(root: Path) -> None:
    corpus = load_corpus("librispeech-clean", root=root)
    found = [(utterance.id, utterance.reference, utterance.audio_s) for utterance in corpus]
    assert found == [
        ("000000-speaker-0", "HE WENT HOME", 2.0),
        ("000002-speaker-0", "TWENTY FIVE DOLLARS", 1.5),
        ("000005-speaker-3", "SHE SAID YES", 0.5),
    ]


def test_the_identity_says_what_was_read(root: Path) -> None:
    identity = load_corpus("librispeech-clean", root=root, limit=2).identity
    assert (identity.source, identity.config, identity.split) == (ESB, "librispeech", "test.clean")
    assert (identity.revision, identity.limit) == ("local copy", 2)


def test_the_copy_may_be_named_by_the_environment(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ROOT_VARIABLE, str(root))
    assert [utterance.audio_s for utterance in load_corpus("librispeech-clean", limit=1)] == [2.0]


def test_reading_stops_at_the_limit(root: Path) -> None:
    broken = root / ESB / "librispeech" / "test.clean-00001-of-00002.parquet"
    write_rows(broken, [(b"not audio", None, "YES")])
    assert len(list(load_corpus("librispeech-clean", root=root, limit=1))) == 1
    with pytest.raises(EdgeAsrError, match="'librispeech-clean, row 2' is not audio"):
        list(load_corpus("librispeech-clean", root=root))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ((None, None, "YES"), "row 0: audio is missing"),
        ((clip(1.0), None, None), "row 0: transcript is missing"),
        ((clip(0.0), None, "YES"), "'ami, row 0' holds no samples"),
    ],
)
def test_a_faulty_row_says_what_it_lacks(
    root: Path, row: tuple[bytes | None, str | None, str | None], reason: str
) -> None:
    write_rows(root / ESB / "ami" / "test-00000-of-00001.parquet", [row])
    with pytest.raises(EdgeAsrError, match=reason):
        list(load_corpus("ami", root=root))


def test_a_corpus_of_nothing_but_dropped_rows_is_empty(root: Path) -> None:
    write_rows(root / ESB / "ami" / "test-00000-of-00001.parquet", [(clip(1.0), None, "")])
    with pytest.raises(EdgeAsrError, match=r"corpus is empty: 'ami' \(ami, test\)"):
        list(load_corpus("ami", root=root))


def test_the_transcript_column_missing(root: Path) -> None:
    file = root / ESB / "ami" / "test-00000-of-00001.parquet"
    write_rows(file, [(clip(1.0), None, "YES")])
    table = parquet.read_table(file).drop_columns(["text"])
    parquet.write_table(table.replace_schema_metadata(None), file)
    with pytest.raises(
        EdgeAsrError, match="corpus 'ami' has no column 'text'; its columns: audio, id, dataset"
    ):
        list(load_corpus("ami", root=root))


def test_a_split_that_the_copy_lacks(root: Path) -> None:
    with pytest.raises(EdgeAsrError, match="corpus 'voxpopuli' cannot be opened from") as caught:
        list(load_corpus("voxpopuli", root=root))
    assert "\n" not in str(caught.value)


def test_a_stream_that_breaks_off_is_one_line(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a connection raises is no OSError in every library."""

    class LostError(Exception):
        pass

    def rows_then_nothing(*_: object) -> Iterator[dict[str, object]]:
        yield {"audio": {"bytes": clip(1.0), "path": None}, "text": "YES", "id": "a"}
        raise LostError("peer closed connection\nwithout sending complete message body")

    monkeypatch.setattr(IterableDataset, "__iter__", rows_then_nothing)
    heard = iter(load_corpus("librispeech-clean", root=root))
    assert next(heard).reference == "YES"
    with pytest.raises(
        EdgeAsrError,
        match=r"^corpus 'librispeech-clean' cannot be read on from '.*': LostError: peer closed connection "
        r"without sending complete message body; start again$",
    ):
        next(heard)


def test_no_copy_at_all(tmp_path: Path) -> None:
    with pytest.raises(EdgeAsrError, match=f"holds no copy of the hub repository '{ESB}'"):
        load_corpus("ami", root=tmp_path)


def test_hub_out_of_reach_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ROOT_VARIABLE, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(EdgeAsrError, match=rf"corpus 'ami' is on the Hugging Face hub.*set {ROOT_VARIABLE}"):
        load_corpus("ami")


def test_every_corpus_of_the_table_is_fully_named() -> None:
    assert len(LEADERBOARD) == 8
    assert all(
        place.hub_id and place.config and place.split and place.revision for place in LEADERBOARD.values()
    )
    places = {(place.hub_id, place.config, place.split) for place in LEADERBOARD.values()}
    assert len(places) == len(LEADERBOARD)
