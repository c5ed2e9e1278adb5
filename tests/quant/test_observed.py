"""What methods look at: no padding, nothing that is not finite."""

import pytest
import torch
from torch import Tensor

from quant.calibration import CalibrationBatch, CalibrationData, capture_ranges
from quant.observed import ALL, carrying, check_finite
from tests.quant.networks import inputs, whisper
from traces.errors import EdgeAsrError
from traces.formats import Format


def test_positions_and_the_frames_they_stand_for() -> None:
    model = whisper()
    found = carrying(model, 5)
    frames = torch.arange(40.0).reshape(1, 1, 40)
    assert found["model.encoder.conv1"].of_input(frames).shape[2] == 10  # conv2 has stride 2
    assert found["model.encoder.conv1"].of_output(frames).shape[2] == 10
    assert found["model.encoder.conv2"].of_output(frames).shape[2] == 5
    states = torch.zeros(1, 20, 64)
    for name in ("encoder.layers.1.fc2", "decoder.layers.0.encoder_attn.k_proj"):
        assert found[f"model.{name}"].of_input(states).shape == (1, 5, 64)
    assert "model.decoder.layers.0.fc1" not in found
    assert carrying(model, None) == {}
    assert ALL.of_input(states) is states


def test_fixed_ranges_are_those_of_speech_not_of_padding() -> None:
    model = whisper()
    padded = inputs(model)[:1].clone()
    padded[..., 20:] = 50.0  # the second half of the window, louder than any speech
    ids = torch.ones(1, 8, dtype=torch.long)
    name, number = "model.encoder.conv1", {"model.encoder.conv1": Format.parse("int8_tensor")}

    def largest(valid: int | None) -> float:
        data = CalibrationData((CalibrationBatch(padded, ids, valid),))
        return 127 * float(capture_ranges(model, number, data=data, percentile=100.0)[name].scale)

    assert largest(None) == pytest.approx(50.0, rel=1e-3)
    assert largest(10) == pytest.approx(float(padded[..., :20].abs().max()), rel=1e-3)


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_one_value_in_a_million_that_is_no_number_is_found(value: float) -> None:
    x: Tensor = torch.zeros(1500, 384)
    check_finite(x, "fc1")
    x[700, 3] = value
    with pytest.raises(EdgeAsrError, match="the input of module 'fc1' is NaN or infinite"):
        check_finite(x, "fc1")
