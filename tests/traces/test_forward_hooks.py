"""Traced multiply-accumulates against those of a real forward pass."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from transformers import (
    MoonshineConfig,
    MoonshineForConditionalGeneration,
    WhisperConfig,
    WhisperForConditionalGeneration,
)

from tests.traces.independent import counting
from traces.attention_op import TRACED_ATTENTION, traced_attention
from traces.counts import graph_macs
from traces.decoder_phases import CrossKeyValue, DecoderStep
from traces.recognisers import trace_recogniser
from traces.workload import AUDIO_SAMPLES, BATCH, PAST_TOKENS, Phase, Workload

BATCH_SIZE = 2
PAST = 5
SAMPLES = 20_000


def whisper() -> WhisperForConditionalGeneration:
    config = WhisperConfig(
        vocab_size=97, d_model=32, encoder_layers=2, decoder_layers=3, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=48, decoder_ffn_dim=80, max_source_positions=50,
        max_target_positions=20, pad_token_id=0, decoder_start_token_id=1, eos_token_id=2,
    )  # fmt: skip
    return WhisperForConditionalGeneration(config).eval()


def moonshine() -> MoonshineForConditionalGeneration:
    config = MoonshineConfig(
        vocab_size=97, hidden_size=32, intermediate_size=48, encoder_num_hidden_layers=2,
        decoder_num_hidden_layers=3, encoder_num_attention_heads=4, decoder_num_attention_heads=4,
    )  # fmt: skip
    return MoonshineForConditionalGeneration(config).eval()


@pytest.mark.parametrize("make", [whisper, moonshine])
def test_every_phase_counts_what_a_forward_pass_computes(make: Callable[[], Any]) -> None:
    torch.manual_seed(0)
    model = make()
    workload = trace_recogniser(model, "small", prompt_tokens=3)
    symbols = {BATCH: BATCH_SIZE, PAST_TOKENS: PAST, AUDIO_SAMPLES: SAMPLES}
    traced = {
        str(graph.phase): int(graph_macs(graph).at(symbols))
        for graph in workload.graphs
        if graph.phase != Phase.FRONTEND
    }
    assert traced == real_macs(model, workload)


def real_macs(model: Any, workload: Workload) -> dict[str, int]:
    is_whisper = workload.family == "whisper"
    heard = torch.randn(BATCH_SIZE, 80, 100) if is_whisper else torch.randn(BATCH_SIZE, SAMPLES)
    counts = {}
    with counting(model) as counter:
        encoded = model.model.encoder(heard).last_hidden_state
        counts["encode"], counter.macs = counter.macs, 0
        cross = CrossKeyValue(model)(encoded)
        counts["cross_kv"], counter.macs = counter.macs, 0
        step = DecoderStep(model)
        _, past = step(torch.ones((BATCH_SIZE, 3), dtype=torch.long), [], cross, encoded)
        counts["prefill"], counter.macs = counter.macs, 0
        for _ in range(PAST - 3):
            _, past = step(torch.ones((BATCH_SIZE, 1), dtype=torch.long), past, cross, encoded)
        counter.macs = 0
        step(torch.ones((BATCH_SIZE, 1), dtype=torch.long), past, cross, encoded)
        counts["decode"] = counter.macs
    return counts


def test_a_model_is_left_as_it_was() -> None:
    model = whisper()
    before = model.config._attn_implementation
    with traced_attention(model):
        assert model.config._attn_implementation == TRACED_ATTENTION
    assert model.config._attn_implementation == before
