"""What quantization methods are shown: a corpus as the float recogniser itself hears it."""

import torch
from torch import Tensor

from asr.corpus import Corpus
from asr.decode import BATCH_SIZE, Progress, transcribe
from asr.encode import model_inputs
from asr.recogniser import Recogniser
from asr.segments import split_at_pauses
from quant.calibration import CalibrationBatch, CalibrationData
from traces.errors import EdgeAsrError


def calibration_data(
    recogniser: Recogniser,
    corpus: Corpus,
    *,
    limit: int | None = None,
    batch_size: int = BATCH_SIZE,
    progress: Progress | None = None,
) -> CalibrationData:
    """Return encoder inputs and decoder tokens of a corpus, one utterance per batch.

    The decoder's tokens are the prompt and the recogniser's own greedy text, just those that it was fed while
    decoding: references may hold what it would never write. Audio beyond its window is cut as in decoding.

    Raises:
        EdgeAsrError: the corpus is empty, or an utterance cannot be read.
    """
    chosen = corpus if limit is None else corpus.take(limit)
    pieces = [
        piece
        for utterance in chosen
        for piece in split_at_pauses(utterance.audio, window_s=recogniser.window_s)
    ]
    if not pieces:
        raise EdgeAsrError(f"corpus is empty: '{chosen.identity.name}' has no utterance to calibrate on")
    transcripts = transcribe(recogniser, pieces, batch_size=batch_size, progress=progress)
    return CalibrationData(
        tuple(
            CalibrationBatch(
                inputs=model_inputs(recogniser, [piece]),
                decoder_ids=_fed_tokens(recogniser, transcript.token_ids),
            )
            for piece, transcript in zip(pieces, transcripts, strict=True)
        )
    )


def _fed_tokens(recogniser: Recogniser, token_ids: tuple[int, ...]) -> Tensor:
    """Return `(1, tokens) int64`: the prompt and all tokens but the last, which no step reads."""
    return torch.tensor([[*recogniser.prompt_ids, *token_ids[:-1]]], device=recogniser.device)
