"""How long quantizing Whisper-small takes, and how much memory. Run with `make benchmark`.

Random weights and 64 clips of 10 s: 500 of the encoder's 1500 positions carry audio. The limits are those of
two cores.
"""

import resource
import time

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from transformers import PreTrainedModel, WhisperConfig, WhisperForConditionalGeneration

from benchmarks.pedantic import pedantic
from quant.calibration import CalibrationBatch, CalibrationData
from quant.methods.gptq import GptqConfig
from quant.quantize import quantize
from quant.recipe import MethodStep, Recipe, load_recipe, with_methods

N_CLIPS = 64
N_TOKENS = 30
"""Of a clip of 10 s: some two words a second in pieces, and the prompt."""

GPTQ_LIMIT_S, RTN_LIMIT_S = 12 * 60.0, 20.0
MEMORY_LIMIT_BYTES = 6e9


@pytest.mark.benchmark(group="Whisper-small, weights of 4 bits")
def test_rounding_to_nearest(benchmark: BenchmarkFixture) -> None:
    assert duration_s(benchmark, whisper_small(), load_recipe("w4a16-g32"), None) <= RTN_LIMIT_S


@pytest.mark.benchmark(group="Whisper-small, weights of 4 bits")
def test_gptq(benchmark: BenchmarkFixture) -> None:
    assert duration_s(benchmark, whisper_small(), by_gptq(), clips(N_CLIPS)) <= GPTQ_LIMIT_S
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 <= MEMORY_LIMIT_BYTES


@pytest.mark.benchmark(group="Whisper-small of few layers, weights of 4 bits by GPTQ, 8 clips")
@pytest.mark.parametrize(("encoder_layers", "decoder_layers"), [(1, 1), (2, 1), (1, 2)])
def test_layers(benchmark: BenchmarkFixture, encoder_layers: int, decoder_layers: int) -> None:
    """A layer of a stack takes the difference to the first of these."""
    model = whisper_small(encoder_layers=encoder_layers, decoder_layers=decoder_layers)
    assert duration_s(benchmark, model, by_gptq(), clips(8)) <= GPTQ_LIMIT_S


def duration_s(
    benchmark: BenchmarkFixture, model: PreTrainedModel, recipe: Recipe, data: CalibrationData | None
) -> float:
    """Quantize once, and say how long it took."""
    started = time.perf_counter()
    pedantic(benchmark, lambda: quantize(model, recipe, calibration=data))
    return time.perf_counter() - started


def by_gptq() -> Recipe:
    return with_methods(load_recipe("w4a16-g32"), (MethodStep("gptq", GptqConfig()),), name="gptq")


def whisper_small(*, encoder_layers: int = 12, decoder_layers: int = 12) -> PreTrainedModel:
    torch.manual_seed(0)
    config = WhisperConfig(
        d_model=768,
        encoder_layers=encoder_layers,
        decoder_layers=decoder_layers,
        encoder_attention_heads=12,
        decoder_attention_heads=12,
        encoder_ffn_dim=3072,
        decoder_ffn_dim=3072,
    )
    return WhisperForConditionalGeneration(config).eval()


def clips(count: int) -> CalibrationData:
    generator = torch.Generator().manual_seed(1)
    return CalibrationData(
        tuple(
            CalibrationBatch(
                torch.randn((1, 80, 3000), generator=generator),
                torch.randint(50_000, (1, N_TOKENS), generator=generator),
                valid=500,
            )
            for _ in range(count)
        )
    )
