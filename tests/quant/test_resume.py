"""Interrupted work goes on at the last finished block and ends in the same bytes."""

from pathlib import Path

import pytest
import torch

from quant.blocks.block import Block
from quant.blocks.walk import CROSS, walk
from quant.methods.problem import BlockResult
from quant.recipe import load_recipe
from quant.resume import BlockStore, block_store
from tests.quant.networks import NETWORKS, calibration, whisper
from tests.quant.test_walk import problem_of, rounding
from traces.errors import EdgeAsrError

RECIPE = "w3a16-g32"


def scaled(block: Block) -> BlockResult:
    """Round, and change a float parameter, as a transform does."""
    name = f"{block.layers[0].module}.bias"
    bias = getattr(block.module(block.layers[0].module), "bias", None)
    parameters = {} if bias is None else {name: 2.0 * bias.detach()}
    return BlockResult(rounding(block).weights, parameters, {name: torch.ones(3)}, (f"seen {block.name}",))


@pytest.mark.parametrize("family", NETWORKS)
def test_a_killed_walk_goes_on_where_it_stopped(family: str, tmp_path: Path) -> None:
    model = NETWORKS[family]()
    solved: list[str] = []

    def dies(block: Block) -> BlockResult:
        if block.name == CROSS:
            raise KeyboardInterrupt
        return scaled(block)

    def counts(block: Block) -> BlockResult:
        solved.append(block.name)
        return scaled(block)

    with pytest.raises(KeyboardInterrupt):
        walk(problem_of(model, RECIPE, store=BlockStore(tmp_path)), dies)
    resumed = problem_of(model, RECIPE, store=BlockStore(tmp_path))
    weights = walk(resumed, counts)
    assert solved == [CROSS, "model.decoder.layers.0", "model.decoder.layers.1"]
    whole = problem_of(model, RECIPE)
    expected = walk(whole, scaled)
    for name, weight in expected.items():
        assert torch.equal(weights[name].codes, weight.codes)
        assert torch.equal(weights[name].scale.scale, weight.scale.scale)
    for (name, one), (_, other) in zip(
        resumed.model.named_parameters(), whole.model.named_parameters(), strict=True
    ):
        assert torch.equal(one, other), name
    assert resumed.findings.remarks == whole.findings.remarks
    assert resumed.findings.channel_scales.keys() == whole.findings.channel_scales.keys()


def test_one_tensor_may_stand_under_several_names(tmp_path: Path) -> None:
    shared = torch.arange(3.0)
    BlockStore(tmp_path).save("awq", "block", result=BlockResult(channel_scales={"q": shared, "k": shared}))
    found = BlockStore(tmp_path).load("awq", "block")
    assert found is not None
    assert torch.equal(found.channel_scales["q"], shared)
    assert torch.equal(found.channel_scales["k"], shared)


def test_half_a_file_is_no_finished_block(tmp_path: Path) -> None:
    store = BlockStore(tmp_path)
    store.save("gptq", "block", result=BlockResult(parameters={"x.weight": torch.ones(1000)}))
    file = tmp_path / "gptq" / "block.safetensors"
    file.write_bytes(file.read_bytes()[:500])
    assert store.load("gptq", "block") is None


def test_other_work_has_another_store(tmp_path: Path) -> None:
    model = whisper()
    one, same = (
        block_store(tmp_path, model, recipe=load_recipe(RECIPE), data=calibration(model)) for _ in range(2)
    )
    other_recipe = block_store(tmp_path, model, recipe=load_recipe("w4a16"), data=calibration(model))
    other_data = block_store(tmp_path, model, recipe=load_recipe(RECIPE), data=None)
    model.model.encoder.layer_norm.weight.data += 1.0
    other_model = block_store(tmp_path, model, recipe=load_recipe(RECIPE), data=calibration(model))
    assert one == same
    assert len({store.folder for store in (one, other_recipe, other_data, other_model)}) == 4


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(EdgeAsrError, match="cannot be written"):
        BlockStore(tmp_path / "file").save("gptq", "block", result=BlockResult())
