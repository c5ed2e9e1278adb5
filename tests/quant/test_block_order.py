"""Which layers of a block read one tensor, in the order in which they run."""

from functools import partial

import pytest

from quant.blocks.block import Block
from quant.blocks.order import readers_in_order
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
    found[block.name] = [[short(layer.module) for layer in readers] for readers in readers_in_order(block)]
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
        seen.extend(layer.module for readers in readers_in_order(block) for layer in readers)
        return rounding(block)

    problem = problem_of(NETWORKS["moonshine"](), "w4a16-g32")
    walk(problem, collect)
    in_blocks = [layer.module for layer in problem.layers if ".layers." in layer.module]
    assert sorted(seen) == sorted(in_blocks)
