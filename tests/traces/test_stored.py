"""Stored graphs: their multiply-accumulates, parameters and bytes."""

import time

import numpy as np
import pytest

from tests.traces.independent import moonshine_macs, streaming_macs, whisper_macs
from traces.architectures import (
    ARCHITECTURES,
    MoonshineArchitecture,
    StreamingArchitecture,
    WhisperArchitecture,
)
from traces.counts import graph_macs
from traces.graph import Role, check
from traces.rebuild import STORED, rebuild
from traces.store import SUFFIX, load_workload, pack_workload, read_workload, stored_architectures
from traces.workload import AUDIO_SAMPLES, BATCH, PAST_TOKENS, Phase

PUBLISHED_PARAMETERS = {
    "whisper-tiny": 37.8e6,
    "whisper-base": 72.6e6,
    "whisper-small": 241.7e6,
    "whisper-medium": 763.9e6,
    "whisper-large-v3": 1543.5e6,
    "whisper-large-v3-turbo": 808.9e6,
    "distil-small.en": 166.2e6,
    "distil-large-v3": 756.4e6,
    "moonshine-tiny": 27.1e6,
    "moonshine-base": 61.5e6,
}
"""Learned numbers of the published checkpoints, tied ones once."""

STREAMING_PARAMETERS = {
    "moonshine-streaming-tiny": 33.57e6,
    "moonshine-streaming-small": 123.36e6,
    "moonshine-streaming-medium": 244.93e6,
}
"""Table 1 of the paper counts the token table once; the published checkpoints have a head of their own."""

ENCODE_MACS = {
    "whisper-tiny": 18.5e9,
    "whisper-base": 43.7e9,
    "whisper-small": 172e9,
    "whisper-large-v3-turbo": 1_137e9,
}
"""One 30 s window, counted by others."""


def independent_macs(name: str, past_tokens: int, audio_samples: int) -> dict[str, int]:
    match ARCHITECTURES[name]:
        case WhisperArchitecture() as model:
            return whisper_macs(model, past_tokens=past_tokens)
        case MoonshineArchitecture() as model:
            return moonshine_macs(model, past_tokens=past_tokens, audio_samples=audio_samples)
        case StreamingArchitecture() as model:
            return streaming_macs(model, past_tokens=past_tokens, audio_samples=audio_samples)


@pytest.mark.parametrize("name", stored_architectures())
def test_macs_of_every_phase_equal_the_closed_form(name: str) -> None:
    for past_tokens, audio_samples, batch in ((0, 16_000, 1), (37, 480_000, 1), (199, 123_457, 3)):
        symbols = {PAST_TOKENS: past_tokens, AUDIO_SAMPLES: audio_samples, BATCH: batch}
        counted = {graph.phase: int(graph_macs(graph).at(symbols)) for graph in load_workload(name).graphs}
        expected = independent_macs(name, past_tokens, audio_samples)
        assert counted == {phase: batch * macs for phase, macs in expected.items()}


@pytest.mark.parametrize("name", stored_architectures())
def test_every_stored_graph_is_sound(name: str) -> None:
    workload = load_workload(name)
    for graph in workload.graphs:
        check(graph)
        assert graph.symbols <= {BATCH, PAST_TOKENS, AUDIO_SAMPLES}
        weights = [tensor for tensor in graph.tensors if tensor.role is Role.WEIGHT]
        assert all(tensor.format.name == "float16" for tensor in weights)
        assert not [tensor.name for tensor in graph.tensors if tensor.name.startswith("network.")]


@pytest.mark.parametrize(("name", "parameters"), PUBLISHED_PARAMETERS.items())
def test_parameters_are_those_published(name: str, parameters: float) -> None:
    assert load_workload(name).parameters == pytest.approx(parameters, rel=2e-3)


@pytest.mark.parametrize(("name", "parameters"), STREAMING_PARAMETERS.items())
def test_streaming_parameters_are_those_published(name: str, parameters: float) -> None:
    model = ARCHITECTURES[name]
    assert isinstance(model, StreamingArchitecture)
    head = model.vocab_size * model.hidden_size
    assert load_workload(name).parameters - head == pytest.approx(parameters, rel=2e-3)


@pytest.mark.parametrize(("name", "macs"), ENCODE_MACS.items())
def test_encode_macs_agree_with_known_figures(name: str, macs: float) -> None:
    encode = load_workload(name).graph(Phase.ENCODE)
    assert encode is not None
    assert float(graph_macs(encode).at({BATCH: 1})) == pytest.approx(macs, rel=5e-3)


@pytest.mark.parametrize("name", ["whisper-micro", "moonshine-micro"])
def test_rebuilding_gives_the_stored_bytes(name: str) -> None:
    assert pack_workload(rebuild(name)) == (STORED / f"{name}{SUFFIX}").read_bytes()


def test_decode_of_many_steps_is_one_evaluation() -> None:
    decode = load_workload("whisper-tiny.en").graph(Phase.DECODE)
    assert decode is not None
    past = np.arange(200)
    macs = graph_macs(decode).at({BATCH: 1, PAST_TOKENS: past})
    assert np.all(np.diff(macs) == 4 * 2 * 384)  # per layer one key and one value row more


def test_loading_is_fast() -> None:
    for name, limit_s in (("whisper-tiny.en", 0.05), ("whisper-large-v3", 0.3)):
        path = STORED / f"{name}{SUFFIX}"
        taken = []
        for _ in range(5):
            start = time.process_time()
            read_workload(path)
            taken.append(time.process_time() - start)
        assert min(taken) < limit_s


def test_all_stored_graphs_together_are_small() -> None:
    assert sum(path.stat().st_size for path in STORED.glob(f"*{SUFFIX}")) < 1024**2
    assert {path.name.removesuffix(SUFFIX) for path in STORED.glob(f"*{SUFFIX}")} == set(ARCHITECTURES)
