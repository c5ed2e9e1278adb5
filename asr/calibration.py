"""What quantization methods are shown: a corpus as the float recogniser itself hears it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import torch

from asr.audio import Samples
from asr.corpora import load_corpus
from asr.corpus import Corpus, Utterance
from asr.decode import BATCH_SIZE, transcribe
from asr.encode import features
from asr.recogniser import Recogniser
from asr.segments import split_at_pauses
from quant.calibration import CalibrationBatch, CalibrationData, enough_tokens
from quant.recipe import Recipe
from traces.errors import EdgeAsrError
from traces.progress import Steps


def calibration_data(
    recogniser: Recogniser,
    corpus: Corpus,
    *,
    start: int = 0,
    limit: int | None = None,
    tokens: int | None = None,
    batch_size: int = BATCH_SIZE,
    progress: Steps | None = None,
) -> CalibrationData:
    """Return encoder inputs and decoder tokens of a corpus, one utterance, or window of one, per batch.

    The decoder's tokens are the prompt and the recogniser's own greedy text, just those that it was fed while
    decoding: references may hold what it would never write. Audio beyond its window is cut as in decoding.
    Drawing begins behind the first `start` utterances, takes at most `limit`, and ends early once the
    decoder has seen `tokens`, which `progress` then counts instead of utterances;
    `quant.calibration.enough_tokens` says how many a network needs.

    Raises:
        EdgeAsrError: the corpus is empty, or an utterance cannot be read.
    """
    chosen = islice(corpus, start, None if limit is None else start + limit)
    drawn: list[CalibrationBatch] = []
    n_tokens = 0
    for pieces in _pieces(recogniser, chosen, at_once=None if tokens is None else batch_size):
        audios = [piece.audio for piece in pieces]
        heard = transcribe(recogniser, audios, batch_size=batch_size, progress=None if tokens else progress)
        for piece, transcript in zip(pieces, heard, strict=True):
            drawn.append(_batch(recogniser, piece, token_ids=transcript.token_ids))
            n_tokens += drawn[-1].decoder_ids.numel()
        if tokens is not None:
            if progress:
                progress(min(n_tokens, tokens), tokens)
            if n_tokens >= tokens:
                break
    if not drawn:
        behind = f" behind its first {start}" if start else ""
        raise EdgeAsrError(
            f"corpus is empty: '{corpus.identity.name}' has no utterance to calibrate on{behind}"
        )
    return CalibrationData(tuple(drawn))


def calibration_for(
    recogniser: Recogniser,
    recipe: Recipe,
    *,
    corpus: str,
    limit: int | None = None,
    progress: Steps | None = None,
) -> CalibrationData | None:
    """Return what a recipe has to be shown of a corpus, by name; None if it needs no data.

    Without `limit` as many utterances are drawn as the network's decoder needs.

    Raises:
        EdgeAsrError: there is no such corpus, or as `calibration_data`.
    """
    if not recipe.needs_calibration:
        return None
    wanted = enough_tokens(recogniser.model) if limit is None else None
    return calibration_data(recogniser, load_corpus(corpus), limit=limit, tokens=wanted, progress=progress)


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """What fits one window of an utterance; `continues` an utterance that did not fit the one before."""

    audio: Samples
    continues: bool


def _pieces(
    recogniser: Recogniser, utterances: Iterator[Utterance], *, at_once: int | None
) -> Iterator[list[_Piece]]:
    """Yield the audio of so many utterances at a time, or of all, in pieces that fit the window."""
    while chunk := list(islice(utterances, at_once)):
        yield [
            _Piece(audio, continues=number > 0)
            for utterance in chunk
            for number, audio in enumerate(split_at_pauses(utterance.audio, window_s=recogniser.window_s))
        ]


def _batch(recogniser: Recogniser, piece: _Piece, *, token_ids: tuple[int, ...]) -> CalibrationBatch:
    """Return one piece; the last token is left out, because no decoder step reads it."""
    return CalibrationBatch(
        inputs=features(recogniser, [piece.audio]),
        decoder_ids=torch.tensor([[*recogniser.prompt_ids, *token_ids[:-1]]], device=recogniser.device),
        valid=encoder_positions(recogniser, piece.audio.size),
        continues=piece.continues,
    )


def encoder_positions(recogniser: Recogniser, n_samples: int) -> int | None:
    """Return how many of the encoder's output positions carry audio; None where there is no padding.

    A position of Whisper's stands for `hop_length` samples times the strides of its convolutions, 320 in
    all: the clip's first ceil(n_samples / 320) positions, at least one and at most the whole window.
    """
    if recogniser.family != "whisper":
        return None
    encoder = recogniser.model.get_encoder()
    stride = int(encoder.conv1.stride[0]) * int(encoder.conv2.stride[0])
    samples_per_position = int(recogniser.feature_extractor.hop_length) * stride
    n_audio_ctx = int(recogniser.model.config.max_source_positions)
    return max(1, min(-(-n_samples // samples_per_position), n_audio_ctx))
