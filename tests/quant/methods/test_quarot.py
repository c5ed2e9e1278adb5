from dataclasses import replace
from pathlib import Path

import pytest
import torch

from quant.checkpoint import load_quantized, save_quantized
from quant.methods.gptq import GptqConfig
from quant.quantize import quantize
from quant.recipe import MethodStep, load_recipe, save_recipe
from quant.tensor_file import stored_tensors
from tests.quant.networks import NETWORKS, logits, whisper
from tests.quant.outliers import inject_outliers_
from tests.quant.recipes import uniform
from tests.quant.rotations.rotating import by_rotating, single_utterances
from traces.errors import EdgeAsrError

FAMILIES = pytest.mark.parametrize("family", NETWORKS)
ALL = by_rotating(uniform("int8_channel", "int8_token", attention="int8_token"))


def error(found: torch.Tensor, reference: torch.Tensor) -> float:
    return float((found - reference).norm() / reference.norm())


@FAMILIES
def test_sixteen_bits_change_next_to_nothing(family: str) -> None:
    model = NETWORKS[family]()
    recipe = by_rotating(uniform("int16_channel", "int16_token", attention="int16_token"))
    assert error(logits(quantize(model, recipe).model), logits(model)) < 3e-3


@FAMILIES
def test_outliers_cost_nothing_any_more(family: str) -> None:
    model = NETWORKS[family]()
    inject_outliers_(model)
    recipe = uniform("int8_channel", "int4_token")
    plain = error(logits(quantize(model, recipe).model), logits(model))
    rotated = error(logits(quantize(model, by_rotating(recipe)).model), logits(model))
    assert rotated < 0.5 * plain


@FAMILIES
def test_the_same_seed_gives_the_same_bytes(family: str) -> None:
    first, second = (stored_tensors(quantize(NETWORKS[family](), ALL).model) for _ in range(2))
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


@FAMILIES
def test_a_checkpoint_gives_the_same_outputs(family: str, tmp_path: Path) -> None:
    model = NETWORKS[family]()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    quantized = quantize(model, ALL)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    save_quantized(quantized, tmp_path / "rotated")
    loaded = load_quantized(tmp_path / "rotated")
    assert loaded.recipe == ALL
    assert torch.equal(logits(loaded.model), logits(quantized.model))


def test_rounding_by_blocks_sees_the_rotated_network() -> None:
    model = whisper()
    data = single_utterances(model)
    notes: list[str] = []
    recipe = replace(
        by_rotating(uniform("int8_channel")), methods=(ALL.methods[0], MethodStep("gptq", GptqConfig()))
    )
    quantized = quantize(model, recipe, calibration=data, progress=lambda *told: notes.append(str(told[-1])))
    assert error(logits(quantized.model), logits(model)) < 0.05
    blocks = [float(note.split()[1]) for note in notes if note.startswith("error")]
    assert blocks
    assert max(blocks) < 0.05  # a rotation that came twice, or not at all, would give errors beyond 1


def test_a_transform_alone_rounds_nothing() -> None:
    recipe = replace(load_recipe("w8a16"), methods=ALL.methods[:1])
    with pytest.raises(EdgeAsrError, match=r"no method rounds the weight .* end its methods with rtn"):
        quantize(whisper(), recipe)


def test_settings_in_a_file(tmp_path: Path) -> None:
    save_recipe(ALL, tmp_path / "r.yaml")
    assert load_recipe(tmp_path / "r.yaml") == ALL
    assert not ALL.needs_calibration
