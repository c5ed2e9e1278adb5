"""What OmniQuant and TesseraQ, which learn block by block, have in common."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import PreTrainedModel

from quant.blocks.walk import CROSS
from quant.checkpoint import load_quantized, save_quantized
from quant.methods.omniquant import OmniquantConfig
from quant.methods.rtn import RtnConfig
from quant.methods.tesseraq import TesseraqConfig
from quant.quantize import QuantizedModel, quantize
from quant.recipe import MethodStep, Recipe, with_methods
from quant.tensor_file import stored_tensors
from tests.quant.networks import NETWORKS, logits, whisper
from tests.quant.recipes import uniform
from tests.quant.reconstruction.blocks import utterances
from traces.errors import EdgeAsrError

OMNIQUANT = MethodStep("omniquant", OmniquantConfig(epochs=3, lwc_learning_rate=0.2))
TESSERAQ = MethodStep("tesseraq", TesseraqConfig(iterations=1, learning_rate=0.1, batch_size=2))
RTN = MethodStep("rtn", RtnConfig())
BOTH = pytest.mark.parametrize("step", [OMNIQUANT, TESSERAQ], ids=lambda step: step.name)
FAMILIES = pytest.mark.parametrize("family", NETWORKS)


def recipe(step: MethodStep, weight: str, activation: str = "float16") -> Recipe:
    attention = "float16" if activation == "float16" else "int8_token"
    return with_methods(uniform(weight, activation, attention=attention), (step,), name=step.name)


def learned(model: PreTrainedModel, which: Recipe, **options: Any) -> QuantizedModel:
    return quantize(model, which, calibration=utterances(model), **options)


def encoder_error(quantized: PreTrainedModel, model: PreTrainedModel) -> float:
    """The relative error of what leaves the encoder's last layer, where nothing is scaled."""
    x = torch.cat([batch.inputs for batch in utterances(model).batches])
    seen: list[torch.Tensor] = []
    for each in (quantized, model):
        layer = each.model.encoder.layers[-1]
        hook = layer.register_forward_hook(lambda *args: seen.append(args[-1]))
        with torch.no_grad():
            each.model.encoder(x)
        hook.remove()
    found, target = (each[0] if isinstance(each, tuple) else each for each in seen)
    return float((found - target)[:, :8].norm() / target[:, :8].norm())


@FAMILIES
@pytest.mark.parametrize(
    ("step", "weight", "activation"),
    [(OMNIQUANT, "int3_channel", "int8_token"), (TESSERAQ, "int2_g48_asym", "float16")],
)
def test_the_output_is_nearer_than_by_rounding(
    family: str, step: MethodStep, weight: str, activation: str
) -> None:
    """Per channel and in groups that do not divide a row of 64, symmetric and not."""
    model = NETWORKS[family](layers=1)
    errors = [
        encoder_error(learned(model, recipe(which, weight, activation)).model, model) for which in (step, RTN)
    ]
    assert errors[0] < errors[1]


@FAMILIES
@BOTH
def test_sixteen_bits_are_rounded_to_nearest(family: str, step: MethodStep) -> None:
    model = NETWORKS[family](layers=1)
    found, expected = (learned(model, recipe(which, "int16_channel")).model for which in (step, RTN))
    assert torch.equal(logits(found), logits(expected))


@FAMILIES
@BOTH
def test_a_killed_run_goes_on_and_ends_in_the_same_bytes(
    family: str, step: MethodStep, tmp_path: Path
) -> None:
    model = NETWORKS[family](layers=1)
    which = recipe(step, "int3_g32_asym", "int8_token" if step is OMNIQUANT else "float16")
    seen: list[int] = []

    def dies(_: str, done: int, *_rest: object) -> None:
        seen.append(done)
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learned(model, which, progress=dies, resume=tmp_path)
    finished = sorted(path.stem for path in tmp_path.rglob("*.safetensors"))
    assert finished == [CROSS, "model.encoder.layers.0"]
    resumed, whole = learned(model, which, resume=tmp_path), learned(model, which)
    tensors = [stored_tensors(each.model) for each in (resumed, whole)]
    assert tensors[0].keys() == tensors[1].keys()
    assert all(torch.equal(tensors[0][name], tensors[1][name]) for name in tensors[0])


@BOTH
def test_a_checkpoint_computes_the_same(step: MethodStep, tmp_path: Path) -> None:
    model = whisper(layers=1)
    quantized = learned(model, recipe(step, "int4_g32_asym", "int8_token"))
    save_quantized(quantized, tmp_path / "packed")
    assert torch.equal(logits(load_quantized(tmp_path / "packed").model), logits(quantized.model))


@BOTH
def test_another_seed_gives_other_weights(step: MethodStep) -> None:
    model = whisper(layers=1)
    other = replace(step, config=replace(step.config, seed=1))
    found = [logits(learned(model, recipe(which, "int3_channel")).model) for which in (step, other)]
    assert not torch.equal(*found)


def test_a_loss_out_of_bounds_names_its_block() -> None:
    model = whisper(layers=1)
    model.model.encoder.layers[0].fc1.bias.data.fill_(1e30)  # finite, but its square is not
    with pytest.raises(EdgeAsrError, match=r"tesseraq: the loss of block 'model\.encoder\.layers\.0'"):
        learned(model, recipe(TESSERAQ, "int3_channel"))
