"""Parts run once per sample but for their last layer, and what follows is as if they had run in full."""

from functools import partial

import pytest
import torch
from torch import Tensor, nn

from quant.blocks.block import Block, observe
from quant.blocks.order import order_of
from quant.blocks.shortcuts import Shortcuts, Tail, tails_of
from quant.blocks.walk import CROSS, walk
from quant.methods.problem import BlockResult
from tests.quant.networks import NETWORKS
from tests.quant.test_walk import problem_of, rounding

TAIL = Tail("part", "part.last", in_tuple=True)


class Part(nn.Module):
    """Doubles, counts how often it did, and multiplies by what its last layer says."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(1, 1, bias=False)
        self.runs = 0

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        self.runs += 1
        return self.last(2.0 * x), None


@pytest.fixture
def module() -> nn.ModuleDict:
    built = nn.ModuleDict({"part": Part()})
    built.requires_grad_(False).get_parameter("part.last.weight").fill_(3.0)
    return built


def test_only_the_last_layer_runs_again(module: nn.ModuleDict) -> None:
    shortcuts = Shortcuts()
    shortcuts.open_([TAIL])
    x = torch.ones(1)
    for sample, factor in (("one", 1.0), ("two", 2.0), ("one", 7.0), ("two", 7.0)):
        with shortcuts.standing_in(module, sample):
            output, _ = module["part"](factor * x)
    assert module.get_submodule("part").runs == 2
    assert float(output) == 12.0  # of sample two's first run, not of 7
    module.get_parameter("part.last.weight").fill_(5.0)
    with shortcuts.standing_in(module, "two"):
        assert float(module["part"](x)[0]) == 20.0
    module["part"](x)
    assert module.get_submodule("part").runs == 3


def test_a_closed_part_gives_what_it_gave(module: nn.ModuleDict) -> None:
    shortcuts, x = Shortcuts(), torch.ones(1)
    shortcuts.open_([TAIL])
    with shortcuts.standing_in(module, "one"):
        module["part"](x)
    shortcuts.close_([TAIL])
    given = []
    for weight in (5.0, 7.0):  # settled by the first of them: the second comes too late
        module.get_parameter("part.last.weight").fill_(weight)
        for sample in ("one", "new"):
            with shortcuts.standing_in(module, sample):
                given.append(float(module["part"](x)[0]))
    assert given == [10.0, 10.0, 10.0, 14.0]
    assert module.get_submodule("part").runs == 2
    assert not shortcuts.inputs[TAIL]  # the outputs are kept in their place


def test_what_was_never_open_does_not_close(module: nn.ModuleDict) -> None:
    shortcuts = Shortcuts()
    shortcuts.close_([TAIL])
    for _ in range(2):
        with shortcuts.standing_in(module, "one"):
            module["part"](torch.ones(1))
    assert module.get_submodule("part").runs == 2


def test_a_pass_that_ends_early_leaves_the_part_as_it_was(module: nn.ModuleDict) -> None:
    shortcuts = Shortcuts({TAIL: {"sample": torch.zeros(1)}})
    with pytest.raises(RuntimeError), shortcuts.standing_in(module, "sample"):
        raise RuntimeError
    assert float(module["part"](torch.ones(1))[0]) == 6.0


def test_tails_are_known_by_their_output() -> None:
    y, other = torch.ones(2), torch.ones(2)
    layers = {"attn.out": y, "mlp.fc2": other, "fc1": y}
    assert tails_of({"attn": (y, None), "mlp": other}, layers) == (
        Tail("attn", "attn.out", in_tuple=True),
        Tail("mlp", "mlp.fc2", in_tuple=False),
    )
    assert tails_of({"attn": (y, other), "mlp": 2.0 * other, "fc1": y, "norm": None}, layers) == ()


def compare(opened: list[str], block: Block) -> BlockResult:
    """Round the block's attention, then look at its last layer with and without shortcuts."""
    result = rounding(block)
    if block.name == CROSS:
        return result
    tails = [tail for tail in order_of(block).tails.values() if "attn" in tail.part]
    last = block.layers[-1].module
    block.round_({name: weight for name, weight in result.weights.items() if "_attn." in name})
    block.shortcuts.open_(tails)
    opened.extend(tail.part for tail in tails)
    seen: list[Tensor] = []
    for _ in range(2):
        observe(block, (last,), lambda _, x: seen.append(x), student=True)
    assert all(len(known) == len(block.samples) for known in block.shortcuts.inputs.values())
    short = block.student_output(block.samples[0])
    block.shortcuts.close_(tails)
    closed = [block.student_output(block.samples[0]) for _ in range(2)]
    block.shortcuts.inputs.clear()
    for output in closed:
        assert torch.equal(output, short)
    assert torch.equal(block.student_output(block.samples[0]), short)
    observe(block, (last,), lambda _, x: seen.append(x), student=True)
    assert torch.equal(seen[0], seen[1])
    assert torch.equal(seen[0], seen[2])
    return result


@pytest.mark.parametrize("family", NETWORKS)
@pytest.mark.parametrize("recipe", ["w4a16-g32", "w4a8-g32"])
def test_shortcuts_change_nothing(family: str, recipe: str) -> None:
    opened: list[str] = []
    with torch.no_grad():
        walk(problem_of(NETWORKS[family](), recipe), partial(compare, opened))
    assert opened == ["self_attn"] * 2 + ["self_attn", "encoder_attn"] * 2
