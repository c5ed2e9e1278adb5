"""How much calibration data a network needs, and what is said when there is less."""

from dataclasses import replace

import pytest
import torch

from quant.calibration import CalibrationBatch, CalibrationData, enough_tokens, need_data, scarcity
from tests.quant.networks import NETWORKS, calibration, inputs, whisper
from traces.errors import EdgeAsrError


def data_of(n_utterances: int, *, tokens: int) -> CalibrationData:
    ids = torch.ones(1, tokens, dtype=torch.long)
    return CalibrationData((CalibrationBatch(torch.zeros(1, 80, 40), ids),) * n_utterances)


@pytest.mark.parametrize("family", NETWORKS)
def test_two_tokens_per_input_of_the_widest_decoder_layer(family: str) -> None:
    assert enough_tokens(NETWORKS[family](64)) == 2 * 128  # fc2 reads 2 * width


def test_scarcity_says_how_many_utterances_to_give() -> None:
    model = whisper(64)
    assert scarcity(model, data_of(16, tokens=8)) is None
    said = scarcity(model, data_of(10, tokens=8))
    assert said == (
        "the decoder sees 80 tokens in 10 calibration utterances, too few to tell the 128 inputs of "
        "'model.decoder.layers.0.fc2' apart; give about 32 utterances"  # 256 tokens at 8 each
    )


def test_audio_that_is_not_finite_is_named() -> None:
    batches = list(data_of(4, tokens=8).batches)
    batches[2] = CalibrationBatch(torch.full((1, 80, 40), torch.nan), batches[2].decoder_ids)
    with pytest.raises(EdgeAsrError, match="what the encoder reads of utterance 2 is NaN or infinite"):
        need_data(CalibrationData(tuple(batches)), "gptq")
    batches[1] = replace(batches[1], continues=True)
    with pytest.raises(EdgeAsrError, match="what the encoder reads of utterance 1 is NaN or infinite"):
        need_data(CalibrationData(tuple(batches)), "gptq")


def test_an_utterance_of_several_batches_counts_once() -> None:
    (batch,) = data_of(1, tokens=8).batches
    data = CalibrationData((batch, replace(batch, continues=True), batch))
    assert (data.n_utterances, data.n_tokens) == (2, 24)


def test_too_little_data_is_an_error() -> None:
    model = whisper()
    with pytest.raises(EdgeAsrError, match="gptq needs calibration data; give it a corpus"):
        need_data(None, "gptq")
    few = CalibrationData((CalibrationBatch(inputs(model), torch.ones(2, 3, dtype=torch.long)),))
    with pytest.raises(EdgeAsrError, match=r"gptq: the decoder sees 6 tokens in 2 calibration .* 8 or more"):
        need_data(few, "gptq")
    assert need_data(calibration(model), "gptq").n_tokens == 12
