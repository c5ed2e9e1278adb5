"""Greedy decoding: audio in, text and token counts out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from asr.audio import Samples
from asr.encode import encode
from asr.recogniser import Recogniser
from asr.segments import split_at_pauses
from traces.workload import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from transformers.modeling_outputs import BaseModelOutput

Progress = Callable[[int, int], None]
"""Called with how many utterances are done, and how many there are."""

BATCH_SIZE = 16


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a recogniser made of one utterance.

    `tokens` counts the decoder's runs, the end-of-text token included: prefill gives the first, each further
    one is a decode step. `n_windows` is how many passes the audio took (1 unless it is longer than the
    recogniser's window); `capped` says that a pass ended at the token cap. `inference_s` is the utterance's
    share, by audio length, of its batch's wall time from samples to token ids.
    """

    text: str
    token_ids: tuple[int, ...]
    tokens: int
    n_windows: int
    capped: bool
    audio_s: float
    inference_s: float = field(compare=False)


@dataclass(frozen=True, slots=True)
class _Piece:
    """One pass of the recogniser: a stretch of an utterance, and what came of it."""

    token_ids: tuple[int, ...]
    capped: bool
    inference_s: float


def transcribe(
    recogniser: Recogniser,
    audios: Sequence[Samples],
    *,
    batch_size: int = BATCH_SIZE,
    progress: Progress | None = None,
) -> tuple[Transcript, ...]:
    """Transcribe utterances greedily, in batches of similar length; results are in the order given.

    An utterance's result does not depend on its batch, up to rounding: Whisper pads each to its own window,
    and Moonshine encodes each at its exact length (see `asr.encode`). Audio longer than the
    recogniser's window is cut at pauses, and the texts of the pieces are joined by spaces.
    """
    pieces = [split_at_pauses(audio, window_s=recogniser.window_s) for audio in audios]
    places = [(i, j) for i, parts in enumerate(pieces) for j in range(len(parts))]
    places.sort(key=lambda place: -pieces[place[0]][place[1]].size)
    done: dict[tuple[int, int], _Piece] = {}
    missing = [len(parts) for parts in pieces]
    for start in range(0, len(places), batch_size):
        batch = places[start : start + batch_size]
        done.update(zip(batch, _transcribe_batch(recogniser, [pieces[i][j] for i, j in batch]), strict=True))
        for i, _ in batch:
            missing[i] -= 1
        if progress:
            progress(missing.count(0), len(audios))
    return tuple(
        _join(recogniser, audio, [done[i, j] for j in range(len(pieces[i]))])
        for i, audio in enumerate(audios)
    )


def _transcribe_batch(recogniser: Recogniser, audios: Sequence[Samples]) -> Iterator[_Piece]:
    started_s = perf_counter()
    limits = [_token_limit(recogniser, audio.size / SAMPLE_RATE_HZ) for audio in audios]
    with torch.inference_mode():
        sequences = greedy_search(recogniser, encode(recogniser, audios), limits)
    elapsed_s = perf_counter() - started_s
    total_samples = sum(audio.size for audio in audios)
    for audio, token_ids in zip(audios, sequences, strict=True):
        capped = token_ids[-1] != recogniser.eos_id
        yield _Piece(token_ids, capped, inference_s=elapsed_s * audio.size / total_samples)


def _token_limit(recogniser: Recogniser, audio_s: float) -> int:
    """Return the cap for a piece of audio, within the decoder's learned positions if it has such."""
    limit = recogniser.token_cap.limit(audio_s)
    if recogniser.family == "whisper":
        n_text_ctx = int(recogniser.model.config.max_target_positions)
        limit = min(limit, n_text_ctx - len(recogniser.prompt_ids))
    return limit


def greedy_search(
    recogniser: Recogniser, states: "BaseModelOutput", limits: Sequence[int]
) -> tuple[tuple[int, ...], ...]:
    """Return the most probable next tokens, one after the other, of each sequence of a batch.

    `states.last_hidden_state: (batch, frames, width)`. A sequence ends with the end-of-text token, or without
    it after `limits[i]` tokens. No token is suppressed, as on the leaderboard.
    """
    from transformers import DynamicCache, EncoderDecoderCache

    model, eos_id = recogniser.model, recogniser.eos_id
    device = states.last_hidden_state.device
    cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
    inputs = torch.tensor([recogniser.prompt_ids] * len(limits), device=device)
    left = torch.tensor(limits, device=device)
    columns: list[Tensor] = []
    while bool((left > 0).any()):
        outputs = model(
            encoder_outputs=states, decoder_input_ids=inputs, past_key_values=cache, use_cache=True
        )
        chosen = outputs.logits[:, -1].argmax(dim=-1)
        chosen = torch.where(left > 0, chosen, eos_id)
        columns.append(chosen)
        left = torch.where(chosen == eos_id, 0, left - 1)
        inputs = chosen[:, None]
    rows: list[list[int]] = torch.stack(columns, dim=1).tolist()
    return tuple(_until_end(row[:limit], eos_id) for row, limit in zip(rows, limits, strict=True))


def _until_end(row: list[int], eos_id: int) -> tuple[int, ...]:
    return tuple(row[: row.index(eos_id) + 1] if eos_id in row else row)


def _join(recogniser: Recogniser, audio: Samples, pieces: Sequence[_Piece]) -> Transcript:
    texts = [
        recogniser.tokenizer.decode(piece.token_ids, skip_special_tokens=True).strip() for piece in pieces
    ]
    token_ids = tuple(token for piece in pieces for token in piece.token_ids)
    return Transcript(
        text=" ".join(text for text in texts if text),
        token_ids=token_ids,
        tokens=len(token_ids),
        n_windows=len(pieces),
        capped=any(piece.capped for piece in pieces),
        audio_s=audio.size / SAMPLE_RATE_HZ,
        inference_s=sum(piece.inference_s for piece in pieces),
    )
