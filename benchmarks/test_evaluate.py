"""How much longer a fake-quantized network takes than the float one. Run with `make benchmark`.

Pieces of an evaluation (an encoder pass, some decode steps) run in turn on all networks, and the least time
of each counts, so that other work on the machine falls on none of them alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import process_time

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from transformers import (
    DynamicCache,
    EncoderDecoderCache,
    PreTrainedModel,
    WhisperConfig,
    WhisperForConditionalGeneration,
)
from transformers.modeling_outputs import BaseModelOutput

from asr.corpora import load_corpus
from asr.decode import BATCH_SIZE
from asr.encode import encode
from asr.models import load_recogniser
from quant.quantize import quantize
from quant.recipe import load_recipe
from traces.cache_argument import cache_argument

RECIPES = ("w8a8", "w4a8-g32", "w4a16-g32")
STEPS = 10
"""Decode steps per encoder pass: the tokens of a short command."""

LIMIT = 1.3


@dataclass(frozen=True, slots=True)
class Case:
    """A float network, how a batch is encoded by it or its quantized form, and how often both are run."""

    model: PreTrainedModel
    encode: Callable[[PreTrainedModel], BaseModelOutput]
    rounds: int


def bundled(name: str) -> Case:
    recogniser = load_recogniser(name)
    audios = [utterance.audio for utterance in load_corpus("bundled:calibration", limit=BATCH_SIZE)]
    return Case(recogniser.model, lambda model: encode(replace(recogniser, model=model), audios), rounds=10)


def whisper_tiny() -> Case:
    """Random weights in the shape of openai/whisper-tiny, and a 30 s window."""
    torch.manual_seed(0)
    config = WhisperConfig(
        d_model=384,
        encoder_layers=4,
        decoder_layers=4,
        encoder_attention_heads=6,
        decoder_attention_heads=6,
        encoder_ffn_dim=1536,
        decoder_ffn_dim=1536,
    )
    features = torch.randn(1, 80, 3000)
    return Case(
        WhisperForConditionalGeneration(config).eval(),
        lambda model: model.get_encoder()(features),
        rounds=3,
    )


CASES: dict[str, Callable[[], Case]] = {
    "whisper-micro": lambda: bundled("whisper-micro"),
    "moonshine-micro": lambda: bundled("moonshine-micro"),
    "whisper-tiny": whisper_tiny,
}


@pytest.mark.benchmark(group="evaluating a fake-quantized network, ratio to float")
@pytest.mark.parametrize("name", CASES)
def test_ratio_to_float(benchmark: BenchmarkFixture, name: str) -> None:
    case = CASES[name]()
    networks = {"float": case.model}
    networks |= {recipe: quantize(case.model, load_recipe(recipe)).model for recipe in RECIPES}
    ratios = benchmark.pedantic(_ratios, (networks, case), rounds=1)  # type: ignore[no-untyped-call]
    benchmark.extra_info.update(ratios)
    assert max(ratios.values()) <= LIMIT, ratios


def _ratios(networks: dict[str, PreTrainedModel], case: Case) -> dict[str, float]:
    """Return the time of each network over that of the one called float."""
    with torch.inference_mode():
        states = {name: case.encode(model) for name, model in networks.items()}
        encode_s = _least_s(networks, lambda name: case.encode(networks[name]), case.rounds)
        decode_s = _least_s(networks, lambda name: _decode(networks[name], states[name]), case.rounds)
    total_s = {name: encode_s[name] + decode_s[name] for name in networks}
    return {name: total_s[name] / total_s["float"] for name in networks if name != "float"}


def _decode(model: PreTrainedModel, states: BaseModelOutput) -> None:
    """Take decode steps with a growing cache; which tokens they give is of no matter."""
    cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
    token = torch.ones(len(states.last_hidden_state), 1, dtype=torch.long)
    for _ in range(STEPS):
        model(encoder_outputs=states, decoder_input_ids=token, use_cache=True, **{cache_argument(): cache})


def _least_s(
    networks: dict[str, PreTrainedModel], run: Callable[[str], object], rounds: int
) -> dict[str, float]:
    least = dict.fromkeys(networks, float("inf"))
    for _ in range(rounds):
        for name in networks:
            started_s = process_time()
            run(name)
            least[name] = min(least[name], process_time() - started_s)
    return least
