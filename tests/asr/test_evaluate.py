import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pandas
import pytest

from asr.audio import Samples
from asr.corpus import Corpus, CorpusIdentity, Utterance
from asr.decode import transcribe
from asr.evaluate import evaluate, load_evaluation, save_evaluation
from asr.recogniser import Recogniser
from asr.results import rows_from_frame, rows_to_frame
from tests.asr.recorder import Recorder
from traces.errors import EdgeAsrError

IDENTITY = CorpusIdentity(name="noise", source="test", config="", split="test", revision="1")


@pytest.fixture
def corpus(audios: tuple[Samples, ...]) -> Corpus:
    """Return twelve clips of noise; the last two are called silence."""
    references = ["red lamp"] * (len(audios) - 2) + ["", "uh"]

    def read() -> list[Utterance]:
        return [Utterance(f"clip{i}", *pair) for i, pair in enumerate(zip(audios, references, strict=True))]

    return Corpus(IDENTITY, n_utterances=len(audios), read=lambda: iter(read()))


def test_rows_hold_what_was_said_and_heard(
    recogniser: Recogniser, corpus: Corpus, audios: tuple[Samples, ...]
) -> None:
    evaluation = evaluate(recogniser, corpus)
    heard = transcribe(recogniser, audios)
    assert [row.hypothesis for row in evaluation.rows] == [transcript.text for transcript in heard]
    assert [row.tokens for row in evaluation.rows] == [transcript.tokens for transcript in heard]
    assert [row.reference for row in evaluation.rows] == [utterance.reference for utterance in corpus]
    assert (evaluation.scores.n_utterances, evaluation.scores.n_silent) == (10, 2)
    assert evaluation.scores.inference_s > 0


def test_chunks_do_not_change_the_result(recogniser: Recogniser, corpus: Corpus) -> None:
    whole, one_by_one = evaluate(recogniser, corpus), evaluate(recogniser, corpus, batch_size=1)
    assert whole.rows == one_by_one.rows
    assert whole.scores == one_by_one.scores
    assert whole.conditions == replace(one_by_one.conditions, batch_size=whole.conditions.batch_size)


def test_the_conditions_name_everything(recogniser: Recogniser, corpus: Corpus) -> None:
    conditions = evaluate(recogniser, corpus, limit=3).conditions
    assert conditions.corpus == replace(IDENTITY, limit=3)
    assert (conditions.recogniser, conditions.revision) == (recogniser.name, recogniser.revision)
    assert (conditions.normaliser, conditions.dtype) == ("whisper-normalizer 0.1.15 english", "float32")


def test_parquet_round_trip(recogniser: Recogniser, corpus: Corpus, tmp_path: Path) -> None:
    evaluation = evaluate(recogniser, corpus)
    save_evaluation(evaluation, tmp_path / "accuracy.parquet")
    assert load_evaluation(tmp_path / "accuracy.parquet") == evaluation
    assert [path.name for path in tmp_path.iterdir()] == ["accuracy.parquet"]


def test_rows_pass_through_a_wider_table(recogniser: Recogniser, corpus: Corpus) -> None:
    evaluation = evaluate(recogniser, corpus)
    assert rows_from_frame(evaluation.to_frame().assign(recipe="w4")) == evaluation.rows
    with pytest.raises(EdgeAsrError, match="lacks the columns tokens, capped"):
        rows_from_frame(rows_to_frame(evaluation.rows).drop(columns=["tokens", "capped"]))


def test_the_table_shows_the_errors(recogniser: Recogniser, corpus: Corpus) -> None:
    evaluation = evaluate(recogniser, corpus)
    table = evaluation.to_frame()
    speech = table[table.words > 0]
    errors = speech[["substitutions", "deletions", "insertions"]].to_numpy().sum()
    assert errors / speech.words.sum() == evaluation.scores.wer
    assert table.insertions[table.words == 0].sum() == evaluation.scores.silence_insertions
    assert table.reference_normalised.iloc[-1] == ""


def test_json_holds_conditions_and_scores(recogniser: Recogniser, corpus: Corpus) -> None:
    document = json.loads(evaluate(recogniser, corpus).to_json())
    assert document["conditions"]["corpus"]["name"] == "noise"
    assert document["scores"]["n_words"] == 20


@pytest.mark.parametrize(("known", "totals"), [(12, (12, 12, 12)), (None, (1, 9, 13))])
def test_progress_starts_and_ends(
    whisper_recogniser: Recogniser, corpus: Corpus, known: int | None, totals: tuple[int, int, int]
) -> None:
    seen = Recorder()
    evaluate(whisper_recogniser, replace(corpus, n_utterances=known), batch_size=8, progress=seen)
    assert seen.calls == [*zip((0, 8, 12), totals, strict=True), (12, 12)]


class _PowerCutError(Exception):
    pass


def _failing_after(corpus: Corpus, n_utterances: int) -> Corpus:
    def read() -> Iterator[Utterance]:
        yield from islice(corpus, n_utterances)
        raise _PowerCutError

    return replace(corpus, read=read)


def test_an_interrupted_evaluation_goes_on(
    recogniser: Recogniser, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asr.evaluate.BUCKET_BATCHES", 1)
    whole = evaluate(recogniser, corpus, batch_size=4)
    partial, seen = tmp_path / "partial.parquet", Recorder()
    with pytest.raises(_PowerCutError):
        evaluate(recogniser, _failing_after(corpus, 8), batch_size=4, partial=partial)
    assert evaluate(recogniser, corpus, batch_size=4, partial=partial, progress=seen) == whole
    assert seen.calls[0] == (8, 12)
    assert not partial.exists()


def test_rows_of_other_conditions_are_not_taken(
    recogniser: Recogniser, corpus: Corpus, tmp_path: Path
) -> None:
    partial, seen = tmp_path / "partial.parquet", Recorder()
    save_evaluation(evaluate(recogniser, corpus, limit=3), partial)
    evaluate(recogniser, corpus, partial=partial, progress=seen)
    assert seen.calls[0] == (0, 12)


def test_an_empty_corpus_is_an_error(whisper_recogniser: Recogniser) -> None:
    with pytest.raises(EdgeAsrError, match="corpus is empty: 'noise'"):
        evaluate(whisper_recogniser, Corpus(IDENTITY, n_utterances=0, read=lambda: iter(())))


def test_files_that_are_no_results(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("no")
    pandas.DataFrame({"a": [1]}).to_parquet(tmp_path / "other.parquet")
    for name, reason in (
        ("gone", "not a Parquet file"),
        ("text", "not a Parquet"),
        ("other", "not written by"),
    ):
        with pytest.raises(EdgeAsrError, match=reason):
            load_evaluation(tmp_path / f"{name}.parquet")


def test_a_folder_that_cannot_be_written(
    whisper_recogniser: Recogniser, corpus: Corpus, tmp_path: Path
) -> None:
    evaluation = evaluate(whisper_recogniser, corpus, limit=1)
    with pytest.raises(EdgeAsrError, match=r"gone/accuracy\.parquet' cannot be written: No such"):
        save_evaluation(evaluation, tmp_path / "gone" / "accuracy.parquet")
