"""Finished parts run once per sample, and what follows is as if they had run again."""

from functools import partial

import pytest
import torch
from torch import Tensor, nn

from quant.blocks.block import Block, observe
from quant.blocks.finished import FinishedParts
from quant.blocks.walk import CROSS, walk
from quant.methods.problem import BlockResult
from tests.quant.networks import NETWORKS
from tests.quant.test_walk import problem_of, rounding


class Part(nn.Module):
    """Doubles, and counts how often it did."""

    def __init__(self) -> None:
        super().__init__()
        self.runs = 0

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        self.runs += 1
        return 2.0 * x, None


def test_a_finished_part_runs_once_per_sample() -> None:
    module = nn.ModuleDict({"part": Part()})
    parts = FinishedParts()
    x = torch.ones(3)
    for sample in ("one", "two"):
        with parts.standing_in(module, sample):
            module["part"](x)
    assert module["part"].runs == 2
    parts.add_(["part"])
    for sample, factor in (("one", 1.0), ("two", 2.0), ("one", 7.0), ("two", 7.0)):
        with parts.standing_in(module, sample):
            output, _ = module["part"](factor * x)
    assert module["part"].runs == 4
    assert torch.equal(output, 4.0 * x)  # of sample two's first run, not of 7
    module["part"](x)
    assert module["part"].runs == 5


def test_a_pass_that_ends_early_leaves_the_part_as_it_was() -> None:
    module = nn.ModuleDict({"part": Part()})
    parts = FinishedParts({"part": {"sample": (torch.zeros(1), None)}})
    with pytest.raises(RuntimeError), parts.standing_in(module, "sample"):
        raise RuntimeError
    assert torch.equal(module["part"](torch.ones(1))[0], torch.tensor([2.0]))


def compare(attention: list[str], block: Block) -> BlockResult:
    """Round the block's attention, then look at its last layer with and without memory."""
    result = rounding(block)
    if block.name == CROSS:
        return result
    inner = {name: weight for name, weight in result.weights.items() if "_attn." in name}
    last = block.layers[-1].module
    block.round_(inner)
    attention.extend(block.finished.outputs)
    seen: list[Tensor] = []
    for _ in range(2):
        observe(block, (last,), lambda _, x: seen.append(x), student=True)
    remembered = block.student_output(block.samples[0])
    block.finished.outputs.clear()
    assert torch.equal(block.student_output(block.samples[0]), remembered)
    observe(block, (last,), lambda _, x: seen.append(x), student=True)
    assert torch.equal(seen[0], seen[1])
    assert torch.equal(seen[0], seen[2])
    return result


@pytest.mark.parametrize("family", NETWORKS)
def test_memory_changes_nothing(family: str) -> None:
    finished: list[str] = []
    with torch.no_grad():
        walk(problem_of(NETWORKS[family](), "w4a8-g32"), partial(compare, finished))
    assert finished == ["self_attn"] * 2 + ["self_attn", "encoder_attn"] * 2
