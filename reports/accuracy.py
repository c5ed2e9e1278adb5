"""An evaluation as a row of a table."""

from dataclasses import dataclass

from asr.evaluate import Evaluation


@dataclass(frozen=True, slots=True)
class AccuracyRow:
    """What a recogniser made of a corpus. Rates are fractions; `rtfx` is of the machine that measured."""

    model: str
    recipe: str
    corpus: str
    split: str
    revision: str
    wer: float
    wer_low: float
    wer_high: float
    cer: float
    substitutions: int
    deletions: int
    insertions: int
    n_utterances: int
    n_words: int
    n_silent: int
    insertions_on_silence: int
    n_capped: int
    rtfx: float


def accuracy_row(evaluation: Evaluation, *, recipe: str | None) -> AccuracyRow:
    """Return the scores of an evaluation with what they depend on; `recipe` None means as stored."""
    scores, conditions = evaluation.scores, evaluation.conditions
    return AccuracyRow(
        model=conditions.recogniser,
        recipe=recipe or "as stored",
        corpus=conditions.corpus.name,
        split=conditions.corpus.split,
        revision=conditions.corpus.revision,
        wer=scores.wer,
        wer_low=scores.wer_interval.low,
        wer_high=scores.wer_interval.high,
        cer=scores.cer,
        substitutions=scores.substitutions,
        deletions=scores.deletions,
        insertions=scores.insertions,
        n_utterances=scores.n_utterances,
        n_words=scores.n_words,
        n_silent=scores.n_silent,
        insertions_on_silence=scores.silence_insertions,
        n_capped=scores.n_capped,
        rtfx=scores.rtfx,
    )
