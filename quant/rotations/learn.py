"""Rotations learned end to end: the quantized network's loss, gradients through the folded weights."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn import functional

from quant.attention import quantize_attention_
from quant.blocks.block import Block, quantized_inputs
from quant.calibration import CalibrationBatch, need_data
from quant.layers import working_copy
from quant.methods.problem import Problem
from quant.methods.spinquant import SpinquantConfig
from quant.rotations.cayley import cayley_step
from quant.rotations.fold import Parameters, rotated
from quant.rotations.sites import sites_of
from quant.straight_through import fake_quantize_through
from traces.errors import EdgeAsrError
from traces.formats import FLOAT16

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def learned_rotations(
    problem: Problem, config: SpinquantConfig, initial: Parameters, *, round_weights: bool
) -> dict[str, Tensor]:
    """Return the initial rotations, turned so that the quantized network's loss falls.

    Activations and attention operands are rounded as the recipe says, fixed ranges found at run time; so are
    the weights that rotations change, to nearest, if `round_weights`. Rounding passes gradients straight
    through. What no rotation touches (front end, embedding, head) computes in float.

    Raises:
        EdgeAsrError: there is no calibration data, or the loss is not finite.
    """
    batches = need_data(problem.calibration, problem.step).batches
    student = _Student(problem, config, round_weights=round_weights)
    rotations = {name: matrix.double() for name, matrix in initial.items()}
    generator = torch.Generator().manual_seed(config.seed)
    queue: list[int] = []
    for step in range(config.steps):
        while len(queue) < config.batch:
            queue += torch.randperm(len(batches), generator=generator).tolist()
        chosen, queue = queue[: config.batch], queue[config.batch :]
        loss, gradients = student.gradients(rotations, [batches[index] for index in chosen])
        if not math.isfinite(loss):
            raise EdgeAsrError(f"{problem.step}: the loss is {loss} at step {step + 1}; lower learning_rate")
        rate = config.learning_rate * (1.0 + math.cos(math.pi * step / config.steps)) / 2.0
        rotations = {
            name: cayley_step(matrix, gradients[name], rate=rate) for name, matrix in rotations.items()
        }
        problem.progress(problem.step, step + 1, config.steps, f"loss {loss:.4f}")
    return {name: matrix.float() for name, matrix in rotations.items()}


class _Student:
    """The quantized network as a function of its rotations, and the float network's answers to it."""

    def __init__(self, problem: Problem, config: SpinquantConfig, *, round_weights: bool) -> None:
        self._teacher = problem.model
        self._network = working_copy(problem.model)
        quantize_attention_(cast("PreTrainedModel", self._network), problem.attention)
        self._sites = sites_of(problem.model)
        self._parameters = dict(problem.model.named_parameters())
        self._formats = {f"{layer.module}.weight": layer.weight for layer in problem.layers if round_weights}
        whole = {name: name for name, _ in self._network.named_children()}
        self._block = Block("network", problem.layers, problem.model, self._network, whole, ())
        self._loss = config.loss
        self._tokens: dict[int, Tensor] = {}

    def gradients(
        self, rotations: Parameters, batches: Sequence[CalibrationBatch]
    ) -> tuple[float, dict[str, Tensor]]:
        """Return the mean loss over some batches, and its gradient for every rotation, float64."""
        with torch.enable_grad():
            leaves = {name: matrix.float().requires_grad_() for name, matrix in rotations.items()}
            weights = {
                name: fake_quantize_through(value, self._formats.get(name, FLOAT16))
                for name, value in rotated(self._parameters, self._sites, leaves).items()
            }
            # The network is differentiated batch by batch; folding and rounding once for all of them.
            inner = {name: value.detach().requires_grad_() for name, value in weights.items()}
            total = 0.0
            with quantized_inputs(self._block):
                for batch in batches:
                    loss = self._loss_of(inner, batch) / len(batches)
                    loss.backward()  # type: ignore[no-untyped-call]
                    total += float(loss.detach())
            used = [name for name, value in inner.items() if value.grad is not None]
            torch.autograd.backward([weights[name] for name in used], [inner[name].grad for name in used])
        return total, {
            name: torch.zeros_like(rotations[name]) if leaf.grad is None else leaf.grad.double()
            for name, leaf in leaves.items()
        }

    def _loss_of(self, parameters: Parameters, batch: CalibrationBatch) -> Tensor:
        given = {"decoder_input_ids": batch.decoder_ids, "use_cache": False}
        logits = functional_call(self._network, dict(parameters), (batch.inputs,), given).logits.flatten(0, 1)
        match self._loss:
            case "tokens":
                if id(batch) not in self._tokens:
                    self._tokens[id(batch)] = self._teacher_logits(batch).argmax(-1)
                return functional.cross_entropy(logits, self._tokens[id(batch)])
            case "logits":
                wanted = self._teacher_logits(batch).log_softmax(-1)
                return functional.kl_div(
                    logits.log_softmax(-1), wanted, log_target=True, reduction="batchmean"
                )

    def _teacher_logits(self, batch: CalibrationBatch) -> Tensor:
        """Return the float network's logits, (tokens, vocabulary)."""
        with torch.no_grad():
            output = self._teacher(batch.inputs, decoder_input_ids=batch.decoder_ids, use_cache=False)
        logits: Tensor = output.logits.flatten(0, 1)
        return logits
