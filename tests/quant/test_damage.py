"""The divergence from the float network: none for float, more for fewer bits."""

import pytest
import torch

from quant.damage import divergence, encoded_by, reference_of
from quant.quantize import quantize
from quant.recipe import load_recipe
from tests.quant.networks import NETWORKS, calibration, logits
from traces.errors import EdgeAsrError


@pytest.mark.parametrize("family", NETWORKS)
def test_fewer_bits_stray_farther(family: str) -> None:
    model = NETWORKS[family]()
    reference = reference_of(model, calibration(model))
    found = [
        divergence(model, load_recipe(name), reference=reference)
        for name in ("float", "w8a16", "w4a16", "w3a16")
    ]
    assert found == sorted(found)
    assert found[0] < 1e-5 < found[-1]


def test_the_divergence_by_hand() -> None:
    model = NETWORKS["whisper"]()
    data = calibration(model)
    reference = reference_of(model, data)
    recipe = load_recipe("w3a16")
    p, q = (logits(network).softmax(-1) for network in (model, quantize(model, recipe).model))
    by_hand = float((p * (p / q).log()).sum(-1).mean())
    assert divergence(model, recipe, reference=reference) == pytest.approx(by_hand, rel=1e-4)


@pytest.mark.parametrize("family", NETWORKS)
def test_the_reference_may_compute_in_short_floats(family: str) -> None:
    """Calibration data is float32; the network's answer in bfloat16 is that of bfloat16 audio."""
    model = NETWORKS[family]().bfloat16()
    data = calibration(model)
    (answer,) = reference_of(model, data).log_probabilities
    (batch,) = data.batches
    with torch.no_grad():
        expected = model(batch.inputs.bfloat16(), decoder_input_ids=batch.decoder_ids).logits
        (encoded,) = encoded_by(model, data)
    assert torch.equal(answer, expected.float().log_softmax(-1).flatten(0, 1))
    assert encoded.last_hidden_state.dtype == torch.bfloat16


def test_no_data_is_an_error() -> None:
    with pytest.raises(EdgeAsrError, match="needs calibration data"):
        reference_of(NETWORKS["whisper"](), None)
