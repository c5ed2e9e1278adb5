"""Rotations learned end to end: the quantized network's loss, gradients through the folded weights."""

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
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
    problem: Problem, config: SpinquantConfig, *, initial: Parameters, round_weights: bool
) -> dict[str, Tensor]:
    """Return the initial rotations, turned so that the quantized network's loss falls.

    Activations and attention operands are rounded as the recipe says, fixed ranges found at run time; so are
    the weights that rotations change, to nearest, if `round_weights`. Rounding passes gradients straight
    through. What no rotation touches (front end, embedding, head) computes in float.

    Raises:
        EdgeAsrError: there is no calibration data, or the loss or a gradient is not finite: names step and
            module.
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
        shown = [batches[index] for index in chosen]
        loss, gradients = student.gradients(rotations, shown)
        broken = next((name for name, each in gradients.items() if not each.isfinite().all()), None)
        if not math.isfinite(loss) or broken is not None:
            where = (
                student.first_not_finite(rotations, shown) or f"the gradient of the rotation of '{broken}'"
            )
            raise EdgeAsrError(
                f"{problem.step}: the loss is {loss} at step {step + 1}, and the first to be NaN or infinite "
                f"is {where}; lower learning_rate"
            )
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
        self._answers: dict[int, Tensor] = {}

    def gradients(
        self, rotations: Parameters, batches: Sequence[CalibrationBatch]
    ) -> tuple[float, dict[str, Tensor]]:
        """Return the mean loss over some batches, and its gradient, (size, size) for every rotation."""
        with torch.enable_grad():
            leaves = {name: matrix.float().requires_grad_() for name, matrix in rotations.items()}
            weights = self._weights(leaves)
            # The network is differentiated batch by batch; folding and rounding once for all of them.
            inner = {name: value.detach().requires_grad_() for name, value in weights.items()}
            total = 0.0
            with quantized_inputs(self._block):
                for batch in batches:
                    loss = self._loss_of(inner, batch) / len(batches)
                    torch.autograd.backward(loss)
                    total += float(loss.detach())
            used = [name for name, value in inner.items() if value.grad is not None]
            torch.autograd.backward([weights[name] for name in used], [inner[name].grad for name in used])
        return total, {
            name: torch.zeros_like(rotations[name]) if leaf.grad is None else leaf.grad.double()
            for name, leaf in leaves.items()
        }

    def first_not_finite(self, rotations: Parameters, batches: Sequence[CalibrationBatch]) -> str | None:
        """Return the first weight, or else the first module's output, that is NaN or infinite."""
        weights = self._weights({name: matrix.float() for name, matrix in rotations.items()})
        for name, value in weights.items():
            if not value.isfinite().all():
                return f"'{name}'"
        found: list[str] = []
        hooks = [
            module.register_forward_hook(partial(_note_not_finite, found, name))
            for name, module in self._network.named_modules()
        ]
        try:
            with torch.no_grad(), quantized_inputs(self._block):
                for batch in batches:
                    self._loss_of(weights, batch)
        finally:
            for hook in hooks:
                hook.remove()
        return f"the output of module '{found[0]}'" if found else None

    def _weights(self, rotations: Parameters) -> dict[str, Tensor]:
        """Return the parameters that rotations change, rounded, differentiably."""
        return {
            name: fake_quantize_through(value, self._formats.get(name, FLOAT16))
            for name, value in rotated(self._parameters, self._sites, rotations=rotations).items()
        }

    def _loss_of(self, parameters: Parameters, batch: CalibrationBatch) -> Tensor:
        given = {"decoder_input_ids": batch.decoder_ids, "use_cache": False}
        logits = functional_call(self._network, dict(parameters), (batch.inputs,), given).logits.flatten(0, 1)
        wanted = self._teacher_logits(batch)
        match self._loss:
            case "tokens":
                return functional.cross_entropy(logits, wanted.argmax(-1))
            case "logits":
                return functional.kl_div(
                    logits.log_softmax(-1), wanted.log_softmax(-1), log_target=True, reduction="batchmean"
                )

    def _teacher_logits(self, batch: CalibrationBatch) -> Tensor:
        """Return the float network's logits, (tokens, vocabulary); what the head reads is kept per batch."""
        with torch.no_grad():
            if id(batch) not in self._answers:
                body = self._teacher.get_submodule("model")
                output = body(batch.inputs, decoder_input_ids=batch.decoder_ids, use_cache=False)
                self._answers[id(batch)] = output.last_hidden_state.flatten(0, 1)
            logits: Tensor = self._teacher.get_submodule("proj_out")(self._answers[id(batch)])
        return logits


def _note_not_finite(found: list[str], name: str, _: nn.Module, __: object, output: object) -> None:
    values = output[0] if isinstance(output, tuple) else output
    if isinstance(values, Tensor) and not bool(values.isfinite().all()):
        found.append(name)
