"""Error rates from references and hypotheses: WER, CER, words heard in silence, speed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from asr.bootstrap import ConfidenceInterval, interval, resample_sums
from asr.normalise import normalise
from asr.results import UtteranceResult
from traces.errors import EdgeAsrError

if TYPE_CHECKING:
    from jiwer import AlignmentChunk

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class ErrorCounts:
    """Errors of each utterance, as arrays `(n_utterances,) int64`, on normalised text.

    `words` and `characters` (spaces included) are those of the reference. Where `words` is 0 the utterance is
    silence, and `insertions` are the words heard in it.
    """

    hits: Counts
    substitutions: Counts
    deletions: Counts
    insertions: Counts
    words: Counts
    character_errors: Counts
    characters: Counts

    @property
    def word_errors(self) -> Counts:
        """Substitutions, deletions and insertions together."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def is_speech(self) -> NDArray[np.bool_]:
        """Which utterances have a word in their reference; only these enter the error rates."""
        return self.words > 0


@dataclass(frozen=True, slots=True)
class Scores:
    """What an evaluation comes to. Rates are fractions: a WER of 0.05 is 5 %.

    `wer_interval` is the 95 % bootstrap interval over utterances. `n_utterances`, `n_words` and all error
    counts are those of the utterances with speech; `n_silent` clips without a reference word yielded
    `silence_insertions` words. `n_capped` utterances of either sort ended at the token cap.
    """

    wer: float
    wer_interval: ConfidenceInterval
    cer: float
    substitutions: int
    deletions: int
    insertions: int
    n_utterances: int
    n_words: int
    n_silent: int
    silence_insertions: int
    n_capped: int
    tokens: int
    audio_s: float
    inference_s: float = field(compare=False)

    @property
    def rtfx(self) -> float:
        """Audio seconds per second of inference on the machine that measured; higher is faster."""
        return self.audio_s / self.inference_s


@dataclass(frozen=True, slots=True)
class WerDifference:
    """WER minus the baseline's on the same utterances, with the paired 95 % bootstrap interval."""

    difference: float
    interval: ConfidenceInterval
    n_utterances: int


def count_errors(rows: Sequence[UtteranceResult]) -> ErrorCounts:
    """Return the errors of each utterance: Levenshtein alignments by jiwer, of words and of characters."""
    import jiwer

    references = [normalise(row.reference) for row in rows]
    hypotheses = [normalise(row.hypothesis) for row in rows]
    # Of no pair at all jiwer makes one empty alignment.
    words = jiwer.process_words(references, hypotheses).alignments[: len(rows)]
    characters = jiwer.process_characters(references, hypotheses).alignments[: len(rows)]
    by_kind = {
        kind: np.array([_count(chunks, kind) for chunks in words], dtype=np.int64)
        for kind in ("equal", "substitute", "delete", "insert")
    }
    character_errors = [
        sum(_count(chunks, kind) for kind in ("substitute", "delete", "insert")) for chunks in characters
    ]
    return ErrorCounts(
        hits=by_kind["equal"],
        substitutions=by_kind["substitute"],
        deletions=by_kind["delete"],
        insertions=by_kind["insert"],
        words=by_kind["equal"] + by_kind["substitute"] + by_kind["delete"],
        character_errors=np.array(character_errors, dtype=np.int64),
        characters=np.array([len(reference) for reference in references], dtype=np.int64),
    )


def score(rows: Sequence[UtteranceResult], *, n_resamples: int = 10_000, seed: int = 0) -> Scores:
    """Return the scores of an evaluation's rows; needs nothing but their raw texts, so anything re-scores.

    WER and CER are totals over totals (not means over utterances), utterances without a reference word left
    out. `n_resamples` and `seed` are those of the interval.

    Raises:
        EdgeAsrError: no reference holds a word.
    """
    counts = count_errors(rows)
    speech = _speech(counts)
    errors, words = counts.word_errors[speech], counts.words[speech]
    sums = resample_sums(np.stack([errors, words], axis=1), n_resamples=n_resamples, seed=seed)
    return Scores(
        wer=float(errors.sum() / words.sum()),
        wer_interval=interval(sums[:, 0] / sums[:, 1]),
        cer=float(counts.character_errors[speech].sum() / counts.characters[speech].sum()),
        substitutions=int(counts.substitutions[speech].sum()),
        deletions=int(counts.deletions[speech].sum()),
        insertions=int(counts.insertions[speech].sum()),
        n_utterances=int(speech.sum()),
        n_words=int(words.sum()),
        n_silent=int((~speech).sum()),
        silence_insertions=int(counts.insertions[~speech].sum()),
        n_capped=sum(row.capped for row in rows),
        tokens=sum(row.tokens for row in rows),
        audio_s=sum(row.audio_s for row in rows),
        inference_s=sum(row.inference_s for row in rows),
    )


def compare(
    rows: Sequence[UtteranceResult],
    baseline: Sequence[UtteranceResult],
    *,
    n_resamples: int = 10_000,
    seed: int = 0,
) -> WerDifference:
    """Return how much the WER changes from the baseline's, by a paired bootstrap over utterances.

    Every resample draws the same utterances for both (Bisani and Ney 2004, "Bootstrap estimates for
    confidence intervals in ASR performance evaluation", section 3).

    Raises:
        EdgeAsrError: the two are not of the same utterances, or no reference holds a word.
    """
    _check_paired(rows, baseline)
    counts, baseline_counts = count_errors(rows), count_errors(baseline)
    speech = _speech(counts)
    columns = (counts.word_errors[speech], baseline_counts.word_errors[speech], counts.words[speech])
    sums = resample_sums(np.stack(columns, axis=1), n_resamples=n_resamples, seed=seed)
    total_errors, total_baseline_errors, total_words = (int(column.sum()) for column in columns)
    return WerDifference(
        difference=(total_errors - total_baseline_errors) / total_words,
        interval=interval((sums[:, 0] - sums[:, 1]) / sums[:, 2]),
        n_utterances=int(speech.sum()),
    )


def _speech(counts: ErrorCounts) -> NDArray[np.bool_]:
    """Return which utterances enter the error rates.

    Raises:
        EdgeAsrError: none does.
    """
    speech = counts.is_speech
    if not speech.any():
        raise EdgeAsrError(
            f"none of the {speech.size} references holds a word after normalisation, so there is no WER; "
            "check the transcripts"
        )
    return speech


def _check_paired(rows: Sequence[UtteranceResult], baseline: Sequence[UtteranceResult]) -> None:
    if len(rows) != len(baseline):
        raise EdgeAsrError(f"results of {len(rows)} and of {len(baseline)} utterances cannot be paired")
    for row, other in zip(rows, baseline, strict=True):
        if (row.id, row.reference) != (other.id, other.reference):
            raise EdgeAsrError(
                f"results cannot be paired: utterance '{row.id}' stands against '{other.id}'; both must come "
                "from the same corpus, revision and limit"
            )


def _count(chunks: Sequence["AlignmentChunk"], kind: str) -> int:
    """Return how many words or characters an alignment marks as `kind`."""
    if kind == "insert":
        return sum(chunk.hyp_end_idx - chunk.hyp_start_idx for chunk in chunks if chunk.type == kind)
    return sum(chunk.ref_end_idx - chunk.ref_start_idx for chunk in chunks if chunk.type == kind)
