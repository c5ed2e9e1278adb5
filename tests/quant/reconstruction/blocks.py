"""Blocks to learn on: a single linear layer, and those of the small networks."""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from quant.blocks.block import Block, Sample, quantized_inputs
from quant.blocks.capture import Arguments
from quant.blocks.walk import walk
from quant.calibration import CalibrationBatch, CalibrationData
from quant.layers import working_copy
from quant.methods.problem import BlockResult, Problem
from quant.plan import PlannedLayer, make_plan
from quant.recipe import Recipe
from quant.reconstruction.objective import Objective
from quant.weights import round_weight
from tests.quant.networks import N_TOKENS, inputs
from traces.formats import FLOAT16, Format


def linear_block(weight: Tensor, number: str, *inputs: Tensor) -> Block:
    """A linear layer as a block, which sees each of the inputs (tokens, in)."""
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
    layer.weight = nn.Parameter(weight, requires_grad=False)
    teacher = nn.Sequential(OrderedDict(layer=layer))
    planned = PlannedLayer("block.layer", "linear", Format.parse(number), FLOAT16, "block.layer")
    arguments = Arguments((), {})
    samples = tuple(Sample(x[None], arguments, x[None], arguments, x[None] @ weight.T, None) for x in inputs)
    return Block("block", (planned,), teacher, working_copy(teacher), {"block": ""}, samples)


def utterances(model: PreTrainedModel, *, n: int = 4, n_tokens: int = 6) -> CalibrationData:
    """Different utterances of one length; of Whisper's 20 positions the first 8, 9, ... carry audio."""
    ids = torch.randint(3, N_TOKENS, (n, n_tokens), generator=torch.Generator().manual_seed(3))
    is_whisper = model.config.model_type == "whisper"
    return CalibrationData(
        tuple(
            CalibrationBatch(inputs(model, batch=n)[index : index + 1], ids[index : index + 1],
                             8 + index if is_whisper else None)
            for index in range(n)
        )
    )  # fmt: skip


def blocks_of(model: PreTrainedModel, recipe: Recipe) -> dict[str, Block]:
    """All blocks of a network as a method is shown them, those before each rounded to nearest."""
    working = working_copy(model)
    plan = make_plan(working, recipe)
    found: dict[str, Block] = {}

    def solve(block: Block) -> BlockResult:
        samples = tuple(
            Sample(*(getattr(sample, name) for name in Sample.__slots__)) for sample in block.samples
        )
        student = working_copy(block.student)
        found[block.name] = Block(block.name, block.layers, block.teacher, student, block.prefix, samples)
        return BlockResult(
            {
                layer.module: round_weight(block.weight(layer), layer.weight, module=layer.module)
                for layer in block.layers
            }
        )

    layers = tuple(layer for layer in plan.layers if not layer.is_tied)
    walk(Problem(working, layers, utterances(model), attention=plan.attention, step="test"), solve)
    return found


def output_error(block: Block, result: BlockResult) -> float:
    """The mean squared error of the block's output with a result in it, activations rounded as planned."""
    values = dict(result.parameters)
    values |= {f"{name}.weight": weight.dequantized() for name, weight in result.weights.items()}
    with quantized_inputs(block), torch.no_grad():
        loss = Objective(block, seed=0)(values, tuple(range(len(block.samples))))
    return float(loss)
