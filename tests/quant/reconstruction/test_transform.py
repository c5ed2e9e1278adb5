"""Scales and shifts leave the float block as it is, whatever their values."""

import pytest
import torch

from quant.blocks.block import Block, kept
from quant.blocks.walk import CROSS
from quant.reconstruction.transform import Transform
from quant.scale_pairs import PairKind
from tests.quant.networks import NETWORKS
from tests.quant.outliers import inject_outliers_
from tests.quant.recipes import uniform
from tests.quant.reconstruction.blocks import blocks_of

RECIPE = uniform("int4_channel_asym", "int8_token", attention="int8_token")


def blocks(family: str) -> dict[str, Block]:
    model = NETWORKS[family]()
    inject_outliers_(model, apart=16)
    return blocks_of(model, RECIPE)


def output_change(block: Block, transform: Transform, *, what: str) -> float:
    """The largest relative change of the float block's output under scales and shifts drawn at random."""
    generator = torch.Generator().manual_seed(0)
    if what == "scales":
        for variable in transform.variables.values():
            variable.copy_(torch.randn(variable.shape, generator=generator))
    for shift in transform.shifts.values():
        shift.copy_(torch.randn(shift.shape, generator=generator) if what == "shifts" else torch.zeros(()))
    float_twin = Block(block.name, block.layers, block.teacher, block.teacher, block.prefix, block.samples)
    changes = []
    for sample in block.samples:
        sample.student_input, sample.student_arguments = sample.teacher_input, sample.teacher_arguments
        found = kept(float_twin.student_output(sample, transform.parameters()), sample)
        target = kept(block.target(sample), sample)
        changes.append(float((found - target).norm() / target.norm()))
    return max(changes)


@pytest.mark.parametrize("family", NETWORKS)
@pytest.mark.parametrize("what", ["scales", "shifts"])
def test_the_float_block_computes_the_same(family: str, what: str) -> None:
    for block in blocks(family).values():
        assert output_change(block, Transform(block, alpha=0.5), what=what) < 1e-4, block.name


def test_whisper_is_shifted_and_moonshine_is_not() -> None:
    shifted = {
        family: {
            name: sorted(pair.kind for pair in Transform(block, alpha=0.5).shifts)
            for name, block in blocks(family).items()
        }
        for family in NETWORKS
    }
    assert shifted["whisper"]["model.encoder.layers.0"] == [PairKind.MLP_INPUT, PairKind.ATTENTION_INPUT]
    assert len(shifted["whisper"]["model.decoder.layers.0"]) == 3
    assert shifted["whisper"][CROSS] == []
    assert not any(shifted["moonshine"].values())


def test_the_first_scales_even_out_outliers() -> None:
    block = blocks("whisper")["model.encoder.layers.0"]
    transform = Transform(block, alpha=0.5)
    norm = "model.encoder.layers.0.self_attn_layer_norm.weight"
    before, after = block.teacher.get_parameter(block.local(norm)), transform.parameters()[norm]
    spread = [float(weight.abs().max() / weight.abs().median()) for weight in (before, after)]
    assert spread[1] < spread[0] / 4.0
