"""Multiply-accumulates counted without the graphs: closed forms, and hooks on a real forward pass."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from traces.architectures import MoonshineArchitecture, StreamingArchitecture, WhisperArchitecture

RFFT_400 = 3_960
BINS = 201


def whisper_macs(model: WhisperArchitecture, *, past_tokens: int) -> dict[str, int]:
    d, f, p = model.d_model, model.ffn_size, model.max_source_positions
    encoder_layer = 4 * p * d * d + 2 * p * p * d + 2 * p * d * f
    return {
        "frontend": 2 * p * (RFFT_400 + 2 * BINS),
        "encode": 2 * p * d * model.mel_bins * 3 + p * d * d * 3 + model.encoder_layers * encoder_layer,
        "cross_kv": model.decoder_layers * 2 * p * d * d,
        "prefill": _whisper_decoder(model, tokens=model.prompt_tokens, past=0),
        "decode": _whisper_decoder(model, tokens=1, past=past_tokens),
    }


def _whisper_decoder(model: WhisperArchitecture, *, tokens: int, past: int) -> int:
    d, p = model.d_model, model.max_source_positions
    own = 4 * tokens * d * d + 2 * tokens * (past + tokens) * d
    cross = 2 * tokens * d * d + 2 * tokens * p * d
    return model.decoder_layers * (own + cross + 2 * tokens * d * model.ffn_size) + d * model.vocab_size


def moonshine_macs(model: MoonshineArchitecture, *, past_tokens: int, audio_samples: int) -> dict[str, int]:
    d, f = model.hidden_size, model.ffn_size
    first = (audio_samples - 127) // 64 + 1
    second = (first - 7) // 3 + 1
    t = (second - 3) // 2 + 1
    stem = first * d * 127 + second * 2 * d * d * 7 + t * d * 2 * d * 3
    layers = model.decoder_layers or model.layers

    def decoder(tokens: int, past: int) -> int:
        own = 4 * tokens * d * d + 2 * tokens * (past + tokens) * d
        cross = 2 * tokens * d * d + 2 * tokens * t * d
        return layers * (own + cross + tokens * 3 * d * f) + d * model.vocab_size

    return {
        "encode": stem + model.layers * (4 * t * d * d + 2 * t * t * d + 2 * t * d * f),
        "cross_kv": layers * 2 * t * d * d,
        "prefill": decoder(model.prompt_tokens, 0),
        "decode": decoder(1, past_tokens),
    }


def streaming_macs(model: StreamingArchitecture, *, past_tokens: int, audio_samples: int) -> dict[str, int]:
    e, d, layers = model.encoder_size, model.hidden_size, model.layers
    frames = -(-audio_samples // 80)
    halved = (frames - 1) // 2 + 1
    n = (halved - 1) // 2 + 1
    stem = frames * 80 * e + halved * 2 * e * e * 5 + n * e * 2 * e * 5

    def decoder(tokens: int, past: int) -> int:
        own = 4 * tokens * d * d + 2 * tokens * (past + tokens) * d
        cross = 2 * tokens * d * d + 2 * tokens * n * d
        return layers * (own + cross + tokens * 3 * d * 4 * d) + d * model.vocab_size

    return {
        "encode": stem + layers * (4 * n * e * d + 2 * n * n * d + 2 * n * e * 4 * e),
        "cross_kv": (n * e * d if e != d else 0) + layers * 2 * n * d * d,
        "prefill": decoder(model.prompt_tokens, 0),
        "decode": decoder(1, past_tokens),
    }


@dataclass
class Counter:
    macs: int = 0
    hooks: list[Any] = field(default_factory=list)

    def layer(self, module: nn.Module, _args: tuple[Tensor, ...], result: Tensor) -> None:
        if isinstance(module, nn.Linear):
            self.macs += result.numel() * module.in_features
        elif isinstance(module, nn.Conv1d | nn.Conv2d):
            window = module.weight[0].numel()
            self.macs += result.numel() * window


@contextmanager
def counting(module: nn.Module) -> Iterator[Counter]:
    """Count the layers' products by hooks, and attention's by standing in front of the function."""
    counter = Counter()
    attend = functional.scaled_dot_product_attention

    def counted(q: Tensor, k: Tensor, v: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        rows = q.shape[:-1].numel()
        counter.macs += rows * k.shape[-2] * (q.shape[-1] + v.shape[-1])
        return attend(q, k, v, *args, **kwargs)

    layers = (nn.Linear, nn.Conv1d, nn.Conv2d)
    hooks = [m.register_forward_hook(counter.layer) for m in module.modules() if isinstance(m, layers)]
    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        patch.setattr(functional, "scaled_dot_product_attention", counted)
        patch.setattr(torch.nn.functional, "scaled_dot_product_attention", counted)
        yield counter
    for hook in hooks:
        hook.remove()
