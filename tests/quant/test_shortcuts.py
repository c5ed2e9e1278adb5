"""Parts run once per sample but for their last layer, and what follows is as if they had run in full."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from quant.blocks.block import Block, observe
from quant.blocks.order import order_of
from quant.blocks.shortcuts import Shortcuts, Tail, tails_of
from quant.blocks.walk import CROSS, walk
from quant.calibration import CalibrationData
from quant.methods.problem import BlockResult
from tests.quant.networks import NETWORKS, calibration
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


class Attention(Part):
    """A part that looks at other tokens: it has the three projections by which attentions are known."""

    def __init__(self) -> None:
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj = nn.Identity(), nn.Identity(), nn.Identity()


def test_once_attention_is_settled_the_first_tokens_can_go_alone() -> None:
    module = nn.ModuleDict({"part": Attention(), "mlp": nn.Linear(1, 1)}).requires_grad_(False)
    shortcuts, x = Shortcuts(), torch.ones(1, 5, 1)
    shortcuts.open_([TAIL])
    for close in (False, False, True):
        assert not shortcuts.settle_attention(module, "one")
        if close:
            shortcuts.close_([TAIL])
        with shortcuts.standing_in(module, "one"):
            whole, _ = module["part"](x)
    assert shortcuts.settle_attention(module, "one")
    assert not shortcuts.settle_attention(module, "two")
    with shortcuts.standing_in(module, "one", n_tokens=2):
        first, _ = module["part"](x[:, :2])
    assert torch.equal(first, whole[:, :2])


@pytest.mark.parametrize("family", NETWORKS)
def test_behind_settled_attention_only_tokens_that_carry_data_are_run(family: str) -> None:
    read: list[Tensor] = []  # by the last layer, in each pass
    seen: list[Tensor] = []

    def look(block: Block) -> BlockResult:
        if block.name == "model.encoder.layers.0":
            last = block.layers[-1].module
            hook = block.module(last, student=True).register_forward_pre_hook(
                lambda _, args: read.append(args[0]), prepend=True
            )
            tails = [tail for tail in order_of(block).tails.values() if "attn" in tail.part]
            read.clear()
            for settle in (block.shortcuts.open_, block.shortcuts.close_, lambda _: None):
                settle(tails)
                observe(block, (last,), see=lambda _, x: seen.append(x), student=True)
            hook.remove()
        return rounding(block)

    problem = problem_of(NETWORKS[family](), "w4a16-g32")
    data = CalibrationData(tuple(replace(batch, valid=2) for batch in calibration(problem.model).batches))
    with torch.no_grad():
        walk(replace(problem, calibration=data), look)
    assert read[0].shape[1] > 2
    assert [x.shape[1] for x in read] == [read[0].shape[1], read[0].shape[1], 2]
    assert all(torch.allclose(x, seen[0], rtol=1e-5, atol=1e-6) for x in seen)


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
        observe(block, (last,), see=lambda _, x: seen.append(x), student=True)
    assert all(len(known) == len(block.samples) for known in block.shortcuts.inputs.values())
    short = block.student_output(block.samples[0])
    block.shortcuts.close_(tails)
    closed = [block.student_output(block.samples[0]) for _ in range(2)]
    block.shortcuts.inputs.clear()
    for output in closed:
        assert torch.equal(output, short)
    assert torch.equal(block.student_output(block.samples[0]), short)
    observe(block, (last,), see=lambda _, x: seen.append(x), student=True)
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
