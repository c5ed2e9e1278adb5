"""Greedy decoding: audio in, text and token counts out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from asr.audio import Samples
from asr.encode import encode
from asr.recogniser import Recogniser
from asr.segments import split_at_pauses
from traces.cache_argument import cache_argument
from traces.progress import Steps
from traces.workload import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from transformers.modeling_outputs import BaseModelOutput

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
class _Pass:
    """What one pass of the recogniser over a piece of an utterance yields."""

    token_ids: tuple[int, ...]
    capped: bool
    inference_s: float


def transcribe(
    recogniser: Recogniser,
    audios: Sequence[Samples],
    *,
    batch_size: int = BATCH_SIZE,
    progress: Steps | None = None,
) -> tuple[Transcript, ...]:
    """Transcribe utterances greedily, in batches of similar length; results are in the order given.

    An utterance's result does not depend on its batch, up to rounding: Whisper pads each to its own window,
    and Moonshine encodes each at its exact length (see `asr.encode`). Audio longer than the
    recogniser's window is cut at pauses, and the texts of the pieces are joined by spaces.
    """
    pieces = [
        (owner, piece)
        for owner, audio in enumerate(audios)
        for piece in split_at_pauses(audio, window_s=recogniser.window_s)
    ]
    order = sorted(range(len(pieces)), key=lambda index: -pieces[index][1].size)
    passes: dict[int, _Pass] = {}
    for start in range(0, len(order), batch_size):
        batch, rest = order[start : start + batch_size], order[start + batch_size :]
        results = _transcribe_batch(recogniser, [pieces[index][1] for index in batch])
        passes.update(zip(batch, results, strict=True))
        if progress:
            progress(len(audios) - len({pieces[index][0] for index in rest}), len(audios))
    by_owner: list[list[_Pass]] = [[] for _ in audios]
    for index, (owner, _) in enumerate(pieces):
        by_owner[owner].append(passes[index])
    return tuple(
        _join(recogniser, audio, passes=found) for audio, found in zip(audios, by_owner, strict=True)
    )


def _transcribe_batch(recogniser: Recogniser, audios: Sequence[Samples]) -> list[_Pass]:
    started_s = perf_counter()
    limits = [_token_limit(recogniser, audio.size / SAMPLE_RATE_HZ) for audio in audios]
    with torch.inference_mode():
        sequences = greedy_search(recogniser, encode(recogniser, audios), limits=limits)
    elapsed_s = perf_counter() - started_s
    total_samples = sum(audio.size for audio in audios)
    return [
        _Pass(
            token_ids,
            capped=token_ids[-1] not in recogniser.eos_ids,
            inference_s=elapsed_s * audio.size / total_samples,
        )
        for audio, token_ids in zip(audios, sequences, strict=True)
    ]


def _token_limit(recogniser: Recogniser, audio_s: float) -> int:
    """Return the cap for a piece of audio, within the decoder's learned positions if it has such."""
    limit = recogniser.token_cap.limit(audio_s)
    if recogniser.family == "whisper":
        n_text_ctx = int(recogniser.model.config.max_target_positions)
        limit = min(limit, n_text_ctx - len(recogniser.prompt_ids))
    return limit


def greedy_search(
    recogniser: Recogniser, states: "BaseModelOutput", *, limits: Sequence[int]
) -> tuple[tuple[int, ...], ...]:
    """Return the most probable next tokens, one after the other, of each sequence of a batch.

    `states.last_hidden_state: (batch, frames, width)`. A sequence ends with an end-of-text token, or without
    one after `limits[i]` tokens. No token is suppressed, as on the leaderboard.
    """
    from transformers import DynamicCache, EncoderDecoderCache

    model, eos_ids = recogniser.model, recogniser.eos_ids
    device = states.last_hidden_state.device
    ends = torch.tensor(eos_ids, device=device)
    cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
    inputs = torch.tensor([recogniser.prompt_ids] * len(limits), device=device)
    left = torch.tensor(limits, device=device)
    columns: list[Tensor] = []
    while bool((left > 0).any()):
        outputs = model(
            encoder_outputs=states, decoder_input_ids=inputs, use_cache=True, **{cache_argument(): cache}
        )
        chosen = outputs.logits[:, -1].argmax(dim=-1)
        chosen = torch.where(left > 0, chosen, eos_ids[0])
        columns.append(chosen)
        left = torch.where(torch.isin(chosen, ends), 0, left - 1)
        inputs = chosen[:, None]
    rows: list[list[int]] = torch.stack(columns, dim=1).tolist()
    return tuple(_until_end(row[:limit], eos_ids) for row, limit in zip(rows, limits, strict=True))


def _until_end(row: list[int], eos_ids: tuple[int, ...]) -> tuple[int, ...]:
    end = next((place for place, token in enumerate(row) if token in eos_ids), len(row))
    return tuple(row[: end + 1])


def _join(recogniser: Recogniser, audio: Samples, *, passes: Sequence[_Pass]) -> Transcript:
    texts = [
        recogniser.tokenizer.decode(found.token_ids, skip_special_tokens=True).strip() for found in passes
    ]
    token_ids = tuple(token for found in passes for token in found.token_ids)
    return Transcript(
        text=" ".join(text for text in texts if text),
        token_ids=token_ids,
        tokens=len(token_ids),
        n_windows=len(passes),
        capped=any(found.capped for found in passes),
        audio_s=audio.size / SAMPLE_RATE_HZ,
        inference_s=sum(found.inference_s for found in passes),
    )
