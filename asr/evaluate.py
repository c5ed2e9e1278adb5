"""Measuring a recogniser on a corpus."""

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from asr.corpus import Corpus, CorpusIdentity, Utterance
from asr.decode import BATCH_SIZE, Transcript, transcribe
from asr.normalise import normalise, normaliser_name
from asr.recogniser import Family, Recogniser, TokenCap
from asr.results import UtteranceResult, load_rows, rows_to_frame, save_rows
from asr.score import Scores, count_errors, score
from traces.errors import EdgeAsrError
from traces.executing import finished
from traces.progress import Steps
from traces.workload import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    import pandas

BUCKET_BATCHES = 16
"""Utterances are sorted by length within this many batches, which bounds the audio held in memory."""
SHARDS_IN_FLIGHT = 32
"""Shards handed to an executor at a time; each holds the recogniser."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Everything that a measured WER depends on, beside the weights."""

    recogniser: str
    revision: str
    family: Family
    dtype: str
    corpus: CorpusIdentity
    normaliser: str
    token_cap: TokenCap
    window_s: float
    batch_size: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A recogniser measured on a corpus: the conditions, one row per utterance, and what they come to."""

    conditions: Conditions
    rows: tuple[UtteranceResult, ...]
    scores: Scores

    def to_json(self) -> str:
        """Return conditions and scores as JSON; the rows go to Parquet (`save_evaluation`)."""
        return json.dumps({"conditions": asdict(self.conditions), "scores": asdict(self.scores)}, indent=2)

    def to_frame(self) -> "pandas.DataFrame":
        """Return the rows as a table, with the normalised texts and the error counts of each utterance."""
        counts = count_errors(self.rows)
        return rows_to_frame(self.rows).assign(
            reference_normalised=[normalise(row.reference) for row in self.rows],
            hypothesis_normalised=[normalise(row.hypothesis) for row in self.rows],
            words=counts.words,
            substitutions=counts.substitutions,
            deletions=counts.deletions,
            insertions=counts.insertions,
        )


def evaluate(
    recogniser: Recogniser,
    corpus: Corpus,
    *,
    limit: int | None = None,
    batch_size: int = BATCH_SIZE,
    progress: Steps | None = None,
    partial: Path | None = None,
    executor: Executor | None = None,
) -> Evaluation:
    """Transcribe a corpus and score it; `limit` takes its first utterances only.

    Without an executor utterances are transcribed here. An executor's processes share the corpus in shards of
    `BUCKET_BATCHES` batches, the same that are formed here; the recogniser travels with each.

    A first pass over a second of silence, which is not counted, warms up what `inference_s` would otherwise
    measure. With `partial`, the rows finished so far are kept in that file until all are done, and a later
    call under the same conditions goes on from there; the name is to be one per quantized network, which the
    conditions do not tell apart.

    Raises:
        EdgeAsrError: an utterance cannot be read, no reference holds a word, or the executor is gone.
    """
    chosen = corpus if limit is None else corpus.take(limit)
    conditions = _conditions(recogniser, chosen.identity, batch_size=batch_size)
    rows = _finished_rows(partial, conditions)
    _report(progress, done=len(rows), of=chosen.n_utterances)
    if executor is None:
        _warm_up(recogniser)
        shards = _shards_here(recogniser, chosen, start=len(rows), batch_size=batch_size, progress=progress)
    else:
        shards = _shards_elsewhere(
            recogniser, chosen, start=len(rows), batch_size=batch_size, executor=executor
        )
    for more in shards:
        rows += more
        if executor is not None:  # shards that are done here have told it themselves
            _report(progress, done=len(rows), of=chosen.n_utterances)
        if partial:
            save_rows(rows, partial, note=_note(conditions))
    if not rows:
        raise EdgeAsrError(f"corpus is empty: '{chosen.identity.name}' has no utterance")
    _report(progress, done=len(rows), of=len(rows))
    evaluation = Evaluation(conditions, tuple(rows), score(rows))
    if partial:
        partial.unlink(missing_ok=True)
    return evaluation


def save_evaluation(evaluation: Evaluation, path: Path) -> None:
    """Write the rows to Parquet, with the conditions in the file's metadata.

    Raises:
        EdgeAsrError: the file cannot be written.
    """
    save_rows(evaluation.rows, path, note=_note(evaluation.conditions))


def load_evaluation(path: Path) -> Evaluation:
    """Read what `save_evaluation` wrote, and score its raw texts again.

    Raises:
        EdgeAsrError: the file is missing or of another kind.
    """
    from pydantic import TypeAdapter, ValidationError

    rows, note = load_rows(path)
    try:
        conditions = TypeAdapter(Conditions).validate_json(note)
    except ValidationError as error:
        raise EdgeAsrError(f"'{path}' was written by another version of edgeasr; measure again") from error
    return Evaluation(conditions, rows, score(rows))


def _conditions(recogniser: Recogniser, corpus: CorpusIdentity, *, batch_size: int) -> Conditions:
    return Conditions(
        recogniser=recogniser.name,
        revision=recogniser.revision,
        family=recogniser.family,
        dtype=recogniser.dtype,
        corpus=corpus,
        normaliser=normaliser_name(),
        token_cap=recogniser.token_cap,
        window_s=recogniser.window_s,
        batch_size=batch_size,
    )


def _note(conditions: Conditions) -> str:
    return json.dumps(asdict(conditions))


def _finished_rows(partial: Path | None, conditions: Conditions) -> list[UtteranceResult]:
    """Return the rows that an interrupted evaluation left, if it ran under the same conditions."""
    if partial is None or not partial.is_file():
        return []
    rows, note = load_rows(partial)
    return list(rows) if note == _note(conditions) else []


@dataclass(frozen=True, slots=True, eq=False)
class _Shard:
    """Consecutive utterances of a corpus, and who transcribes them."""

    number: int
    recogniser: Recogniser
    utterances: tuple[Utterance, ...]
    batch_size: int


def _shards_here(
    recogniser: Recogniser, corpus: Corpus, *, start: int, batch_size: int, progress: Steps | None
) -> Iterator[list[UtteranceResult]]:
    """Yield the rows of one shard after the other, from an utterance on, telling how far each batch is."""
    done = start
    for utterances in _chunks(islice(corpus, start, None), batch_size * BUCKET_BATCHES):
        told = _continued(progress, before=done, of=corpus.n_utterances)
        yield _rows(_Shard(0, recogniser, tuple(utterances), batch_size), told)
        done += len(utterances)


def _shards_elsewhere(
    recogniser: Recogniser, corpus: Corpus, *, start: int, batch_size: int, executor: Executor
) -> Iterator[list[UtteranceResult]]:
    """Yield the rows of the shards in order; one that ends before its turn waits."""
    chunks = _chunks(islice(corpus, start, None), batch_size * BUCKET_BATCHES)
    shards = (
        _Shard(number, recogniser, tuple(utterances), batch_size) for number, utterances in enumerate(chunks)
    )
    waiting: dict[int, list[UtteranceResult]] = {}
    turn = 0
    for shard, rows in finished(_warm_rows, shards, executor=executor, most_in_flight=SHARDS_IN_FLIGHT):
        waiting[shard.number] = rows
        while turn in waiting:
            yield waiting.pop(turn)
            turn += 1


def _warm_rows(shard: _Shard) -> list[UtteranceResult]:
    _warm_up(shard.recogniser)
    return _rows(shard, None)


def _rows(shard: _Shard, progress: Steps | None) -> list[UtteranceResult]:
    audios = [utterance.audio for utterance in shard.utterances]
    transcripts = transcribe(shard.recogniser, audios, batch_size=shard.batch_size, progress=progress)
    return [_row(*pair) for pair in zip(shard.utterances, transcripts, strict=True)]


def _warm_up(recogniser: Recogniser) -> None:
    transcribe(recogniser, [np.zeros(SAMPLE_RATE_HZ, dtype=np.float32)])


def _chunks(utterances: Iterable[Utterance], size: int) -> Iterator[list[Utterance]]:
    iterator = iter(utterances)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _row(utterance: Utterance, transcript: Transcript) -> UtteranceResult:
    return UtteranceResult(
        id=utterance.id,
        reference=utterance.reference,
        hypothesis=transcript.text,
        audio_s=transcript.audio_s,
        tokens=transcript.tokens,
        n_windows=transcript.n_windows,
        capped=transcript.capped,
        inference_s=transcript.inference_s,
    )


def _continued(progress: Steps | None, *, before: int, of: int | None) -> Steps:
    """Return a callback that adds to the utterances done before."""
    return lambda done, _: _report(progress, done=before + done, of=of)


def _report(progress: Steps | None, *, done: int, of: int | None) -> None:
    """Tell how far a corpus is; a total that is not known stays one ahead."""
    if progress:
        progress(done, done + 1 if of is None else of)
