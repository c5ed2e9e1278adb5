"""Which layers of a block read one tensor, in the order in which they run."""

from functools import partial

import pytest

from quant.blocks.block import Block
from quant.blocks.order import order_of
from quant.blocks.walk import CROSS, walk
from quant.methods.problem import BlockResult
from tests.quant.networks import NETWORKS
from tests.quant.test_walk import problem_of, rounding

SELF = [["q_proj", "k_proj", "v_proj"], ["out"]]
ENCODER = [*SELF, ["fc1"], ["fc2"]]
DECODER = [*SELF, ["q_proj"], ["out"], ["fc1"], ["fc2"]]


def short(name: str) -> str:
    last = name.rpartition(".")[2]
    return "out" if last in ("o_proj", "out_proj") else last


def note(found: dict[str, list[list[str]]], block: Block) -> BlockResult:
    found[block.name] = [[short(layer.module) for layer in readers] for readers in order_of(block).readers]
    return rounding(block)


@pytest.mark.parametrize("family", NETWORKS)
@pytest.mark.parametrize("recipe", ["w4a16-g32", "w4a8-g32"])
def test_readers_of_one_tensor_stand_together(family: str, recipe: str) -> None:
    found: dict[str, list[list[str]]] = {}
    walk(problem_of(NETWORKS[family](), recipe), partial(note, found))
    for name, readers in found.items():
        if name == CROSS:
            assert [sorted(together) for together in readers] == [["k_proj"] * 2 + ["v_proj"] * 2]
        else:
            assert readers == (ENCODER if "encoder" in name else DECODER), name


def test_every_layer_is_there_once() -> None:
    seen: list[str] = []

    def collect(block: Block) -> BlockResult:
        seen.extend(layer.module for readers in order_of(block).readers for layer in readers)
        return rounding(block)

    problem = problem_of(NETWORKS["moonshine"](), "w4a16-g32")
    walk(problem, collect)
    in_blocks = [layer.module for layer in problem.layers if ".layers." in layer.module]
    assert sorted(seen) == sorted(in_blocks)


def test_parts_that_end_with_a_layer() -> None:
    found: dict[str, set[str]] = {}

    def collect(block: Block) -> BlockResult:
        found[block.name] = {tail.layer for tail in order_of(block).tails.values()}
        return rounding(block)

    for family, mlp in (("whisper", set()), ("moonshine", {"mlp.fc2"})):
        out = "out_proj" if family == "whisper" else "o_proj"
        walk(problem_of(NETWORKS[family](layers=1), "w4a8-g32"), collect)
        assert found["model.encoder.layers.0"] == {f"self_attn.{out}"} | mlp
        assert found["model.decoder.layers.0"] == {f"self_attn.{out}", f"encoder_attn.{out}"} | mlp
        assert found[CROSS] == set()
