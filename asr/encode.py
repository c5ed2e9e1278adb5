"""The encoder's half of recognition: from samples to the states that the decoder attends to."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from asr.audio import Samples
from asr.recogniser import Recogniser
from traces.workload import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from transformers.modeling_outputs import BaseModelOutput

MOONSHINE_SHORTEST_SAMPLES = 1024
"""Shorter audio is padded with zeros to this length, as the leaderboard's Moonshine script does: the
convolutions need 895 samples for one frame."""


def encode(recogniser: Recogniser, audios: Sequence[Samples]) -> "BaseModelOutput":
    """Return the encoder's states of a batch, `last_hidden_state: (batch, frames, width)`.

    No audio may be longer than the recogniser's window.
    """
    if recogniser.family == "whisper":
        return _encode_whisper(recogniser, audios)
    return _encode_moonshine(recogniser, audios)


def model_inputs(recogniser: Recogniser, audios: Sequence[Samples]) -> Tensor:
    """Return what the encoder reads, on the model's device and in its dtype; shapes as `features`."""
    return features(recogniser, audios).to(recogniser.model.dtype)


def features(recogniser: Recogniser, audios: Sequence[Samples]) -> Tensor:
    """Return what the encoder reads, on the model's device, in float32.

    Whisper: log-mel features `(batch, n_mels, frames)`, padded to the window. Moonshine: samples
    `(batch, n_samples)` of audio of one length, padded to `MOONSHINE_SHORTEST_SAMPLES`.
    """
    shortest = MOONSHINE_SHORTEST_SAMPLES if recogniser.family == "moonshine" else 0
    padded = [np.pad(audio, (0, max(0, shortest - audio.size))) for audio in audios]
    extracted = recogniser.feature_extractor(padded, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt")
    inputs: Tensor = extracted[recogniser.model.main_input_name]
    return inputs.to(recogniser.model.device, torch.float32)


def _encode_whisper(recogniser: Recogniser, audios: Sequence[Samples]) -> "BaseModelOutput":
    states: BaseModelOutput = recogniser.model.get_encoder()(model_inputs(recogniser, audios))
    return states


def _encode_moonshine(recogniser: Recogniser, audios: Sequence[Samples]) -> "BaseModelOutput":
    """Encode each utterance at its own length, then pad the states and mask the padding.

    Moonshine's first normalisation (one group over all channels and frames) takes its statistics over padding
    too, so that padded audio changes the states of the speech even under an attention mask. A chip sees one
    utterance at a time; so does this.
    """
    from transformers.models.moonshine.modeling_moonshine import MoonshineEncoderModelOutput

    encoder = recogniser.model.get_encoder()
    states = [encoder(model_inputs(recogniser, [audio])).last_hidden_state[0] for audio in audios]
    n_frames = torch.tensor([len(state) for state in states])
    mask = (torch.arange(int(n_frames.max())) < n_frames[:, None]).to(states[0].device, torch.int32)
    return MoonshineEncoderModelOutput(
        last_hidden_state=pad_sequence(states, batch_first=True),
        attention_mask=None if bool(mask.all()) else mask,
    )
