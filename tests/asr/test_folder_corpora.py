from pathlib import Path

import numpy as np
import pytest
import soundfile

from asr.corpora import corpus_names, load_corpus
from traces.errors import EdgeAsrError

METADATA = "file_name,transcription\nb.flac,Turn it on.\na.flac,\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a corpus of one sentence and one clip of silence."""
    soundfile.write(tmp_path / "a.flac", np.zeros(8_000), 16_000)
    soundfile.write(tmp_path / "b.flac", np.full((44_100, 2), 0.1), 44_100)
    (tmp_path / "metadata.csv").write_text(METADATA)
    return tmp_path


def fault(folder: Path) -> str:
    with pytest.raises(EdgeAsrError) as caught:
        list(load_corpus(f"audiofolder:{folder}"))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_utterances_come_in_the_order_of_the_metadata(folder: Path) -> None:
    corpus = load_corpus(f"audiofolder:{folder}")
    assert corpus.n_utterances == 2
    found = [(utterance.id, utterance.reference, utterance.audio_s) for utterance in corpus]
    assert found == [("b.flac", "Turn it on.", 1.0), ("a.flac", "", 0.5)]
    assert [utterance.id for utterance in corpus] == ["b.flac", "a.flac"]  # it can be read again


def test_limit_takes_the_first(folder: Path) -> None:
    corpus = load_corpus(f"audiofolder:{folder}", limit=1)
    assert (corpus.n_utterances, [utterance.id for utterance in corpus]) == (1, ["b.flac"])
    assert corpus.identity.limit == 1
    assert load_corpus(f"audiofolder:{folder}", limit=9).n_utterances == 2


@pytest.mark.parametrize("limit", [0, -3])
def test_a_limit_must_be_positive(folder: Path, limit: int) -> None:
    with pytest.raises(EdgeAsrError, match=f"limit {limit} .* must be at least 1"):
        load_corpus(f"audiofolder:{folder}", limit=limit)


def test_the_revision_follows_the_content(folder: Path) -> None:
    first = load_corpus(f"audiofolder:{folder}").identity
    assert load_corpus(f"audiofolder:{folder}").identity == first
    (folder / "metadata.csv").write_text(METADATA.replace("it on", "it off"))
    assert load_corpus(f"audiofolder:{folder}").identity.revision != first.revision


def test_other_names_of_the_transcript_column(folder: Path) -> None:
    (folder / "metadata.csv").write_text("text,file_name\nHello,a.flac\n")
    assert [utterance.reference for utterance in load_corpus(f"audiofolder:{folder}")] == ["Hello"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert "'" + str(tmp_path / "gone") + "' does not exist" in fault(tmp_path / "gone")


def test_a_folder_without_transcripts_is_named(folder: Path) -> None:
    (folder / "metadata.csv").unlink()
    assert fault(folder).startswith("transcripts missing")


@pytest.mark.parametrize("text", ["", "file_name,transcription\n"])
def test_a_corpus_without_rows_is_empty(folder: Path, text: str) -> None:
    (folder / "metadata.csv").write_text(text)
    assert fault(folder).startswith("corpus is empty")


def test_transcript_column_missing(folder: Path) -> None:
    (folder / "metadata.csv").write_text("file_name,speaker\na.flac,anna\n")
    assert "has no column 'transcription'; its columns: file_name, speaker" in fault(folder)


def test_file_column_missing(folder: Path) -> None:
    (folder / "metadata.csv").write_text("path,transcription\na.flac,yes\n")
    assert "has no column 'file_name'" in fault(folder)


def test_transcript_missing_in_a_row(folder: Path) -> None:
    (folder / "metadata.csv").write_text("file_name,transcription\nb.flac,yes\na.flac\n")
    assert "row 3: transcript of 'a.flac' is missing" in fault(folder)


def test_audio_file_missing_is_found_before_anything_is_read(folder: Path) -> None:
    (folder / "a.flac").unlink()
    with pytest.raises(EdgeAsrError, match=r"row 3: audio file 'a\.flac' does not exist"):
        load_corpus(f"audiofolder:{folder}")


def test_metadata_that_is_no_text(folder: Path) -> None:
    (folder / "metadata.csv").write_bytes(b"\xff\xfe\x00")
    assert "is not a CSV file in UTF-8" in fault(folder)


def test_metadata_that_may_not_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The superuser may read everything, so the refusal is made up."""

    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    assert "cannot be read: [Errno 13] Permission denied: '" in fault(folder)


def test_a_name_that_no_file_can_have(folder: Path) -> None:
    (folder / "metadata.csv").write_text(f"file_name,transcription\n{'a' * 300}.flac,yes\n")
    assert "cannot be read: [Errno 36] File name too long" in fault(folder)


def test_a_file_that_is_no_audio(folder: Path) -> None:
    (folder / "a.flac").write_text("not audio")
    assert "a.flac' is not audio" in fault(folder)


def test_zero_length_audio(folder: Path) -> None:
    soundfile.write(folder / "a.wav", np.zeros(0), 16_000)
    (folder / "metadata.csv").write_text(METADATA.replace("a.flac", "a.wav"))
    assert "a.wav' holds no samples" in fault(folder)


def test_a_bare_folder_is_told_how_to_be_written(folder: Path) -> None:
    with pytest.raises(EdgeAsrError, match=f"write 'audiofolder:{folder}'"):
        load_corpus(str(folder))


def test_environment_variables_are_filled_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = f"audiofolder:$SPEECH_DIR/{folder.name}"
    with pytest.raises(EdgeAsrError, match="the environment variable SPEECH_DIR is not set"):
        load_corpus(spec)
    monkeypatch.setenv("SPEECH_DIR", str(folder.parent))
    assert load_corpus(spec).identity.source == f"$SPEECH_DIR/{folder.name}"
    assert load_corpus(spec).n_utterances == load_corpus(f"audiofolder:{folder}").n_utterances


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(EdgeAsrError, match=r"unknown corpus 'libri-clean'; did you mean librispeech-clean"):
        load_corpus("libri-clean")
    assert {"bundled", "ami", "voxpopuli"} < set(corpus_names())
