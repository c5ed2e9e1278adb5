"""A method taken through the blocks of a network, the quantized student beside the float teacher."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn

from quant.attention import quantize_attention_
from quant.blocks.block import Block, Sample, at_run_time, kept
from quant.blocks.capture import Arguments, entry_of_decoder, entry_of_encoder
from quant.blocks.layout import Layout, layout_of
from quant.calibration import CalibrationBatch, CalibrationData, need_data
from quant.layers import replace_layers_, working_copy
from quant.methods.problem import BlockResult, Problem
from quant.modules import forget_floats_
from quant.plan import PlannedLayer
from quant.weights import QuantizedWeight, round_weight

Solve = Callable[[Block], BlockResult]
"""What a method does with one block."""

CROSS = "model.decoder.cross_keys_values"
"""The name of the block of all cross-attention keys and values, which read one tensor."""


def walk(
    problem: Problem,
    solve: Solve,
    *,
    quantized: bool = True,
    outside: Mapping[str, QuantizedWeight] | None = None,
    n_compared: int | None = None,
) -> dict[str, QuantizedWeight]:
    """Take a method through the encoder, the cross-attention keys and values, and the decoder.

    Returns all weights that `solve` rounded, and those of layers in no block (front end, lookups, head):
    `outside`, or else an earlier step's, or else rounded to nearest. What transforms change is set on
    `problem.model`. With `quantized` false nothing is rounded, and the student is the teacher. A block that
    `problem.store` holds is not solved again.

    A method that never looks at the teacher need not wait for it: with `n_compared` the float network runs on
    the first so many samples, enough to tell the error; on the others the teacher is the student.

    Raises:
        EdgeAsrError: there is no calibration data, or the network is built unlike Whisper and Moonshine.
    """
    data, layout = need_data(problem.calibration, problem.step), layout_of(problem.model)
    weights = _outside(problem, outside or {}) if quantized else {}
    student = _student_of(problem, weights) if quantized else problem.model
    n_blocks = len(layout.encoder) + 1 + len(layout.decoder)
    walked = _Walk(problem, solve, student, n_blocks, weights, n_compared)
    problem.progress(problem.step, 0, walked.n_blocks)
    samples = _at_encoder(walked, layout, data)
    walked.through_(layout.encoder, samples)
    walked.cross_(layout, samples)
    samples = _at_decoder(walked, layout, data, samples)
    walked.through_(layout.decoder, samples)
    return weights


def layers_outside(problem: Problem) -> tuple[PlannedLayer, ...]:
    """Return the planned layers that are in no block: front end, lookups and head."""
    layout = layout_of(problem.model)
    inside = tuple(f"{name}." for name in (*layout.encoder, *layout.decoder))
    return tuple(layer for layer in problem.layers if not layer.module.startswith(inside))


class CrossKeysValues(nn.Module):
    """The encoder's last norm and the keys and values of every decoder layer, as one block."""

    def __init__(self, norm: nn.Module, projections: list[nn.Module]) -> None:
        super().__init__()
        self.norm = norm
        self.projections = nn.ModuleList(projections)

    def forward(self, hidden: Tensor) -> Tensor:
        """Return all keys and values side by side for hidden states (batch, positions, channels)."""
        normed = self.norm(hidden)
        return torch.cat([projection(normed) for projection in self.projections], dim=-1)


@dataclass(slots=True, eq=False)
class _Walk:
    """Where the walk is: `weights` grows, `done` counts blocks."""

    problem: Problem
    solve: Solve
    student: nn.Module
    n_blocks: int
    weights: dict[str, QuantizedWeight]
    n_compared: int | None
    done: int = 0

    @property
    def is_quantized(self) -> bool:
        return self.student is not self.problem.model

    def has_teacher(self, index: int) -> bool:
        """Return whether the float network runs on a sample beside the student."""
        return self.is_quantized and (self.n_compared is None or index < self.n_compared)

    def through_(self, names: tuple[str, ...], samples: tuple[Sample, ...]) -> None:
        """Walk the layers of a stack; the samples end up with what leaves the last one."""
        layout = layout_of(self.problem.model)
        elsewhere = {*layout.cross_keys, *layout.cross_values}
        for name in names:
            layers = tuple(
                layer
                for layer in self.problem.layers
                if layer.module.startswith(f"{name}.") and layer.module not in elsewhere
            )
            build = partial(nn.Module.get_submodule, target=name)
            self._step_(name, layers, samples, {name: ""}, build, moves_on=True)

    def cross_(self, layout: Layout, samples: tuple[Sample, ...]) -> None:
        """Take the step of all cross-attention keys and values; the samples keep what enters it."""
        names = (*layout.cross_keys, *layout.cross_values)
        layers = tuple(layer for layer in self.problem.layers if layer.module in names)
        inside = {name: f"projections.{index}" for index, name in enumerate(names)}
        for sample in samples:
            sample.teacher_arguments = sample.student_arguments = Arguments((), {})

        def build(model: nn.Module) -> nn.Module:
            norm = model.get_submodule(layout.encoder_norm)
            return CrossKeysValues(norm, [model.get_submodule(name) for name in names])

        prefix = {layout.encoder_norm: "norm", **inside}
        self._step_(CROSS, layers, samples, prefix, build, moves_on=False)

    def _step_(
        self,
        name: str,
        layers: tuple[PlannedLayer, ...],
        samples: tuple[Sample, ...],
        prefix: Mapping[str, str],
        build: Callable[[nn.Module], nn.Module],
        *,
        moves_on: bool,
    ) -> None:
        """Solve a block or take its result from the store, apply it, and go behind it if `moves_on`."""
        problem = self.problem
        block = Block(name, layers, build(problem.model), build(self.student), prefix, samples)
        with torch.no_grad():
            for sample in samples[: self.n_compared]:
                # All keys and values are large, 7 GB for 64 clips on Whisper-small, and quick to work out.
                sample.target = block.teacher_output(sample) if moves_on else None
        result = problem.store.load(problem.step, name) if problem.store else None
        if result is None:
            result = self.solve(block)
            if problem.store:
                problem.store.save(problem.step, name, result=result)
        self._apply_(layers, result)
        with torch.no_grad():
            error = self._behind_(replace(block, student=build(self.student)), moves_on=moves_on)
        if self.is_quantized:
            forget_floats_(block.student)
        self.done += 1
        note = f"error {error:.3f}" if self.is_quantized else ""
        problem.progress(problem.step, self.done, self.n_blocks, note)

    def _behind_(self, block: Block, *, moves_on: bool) -> float:
        """Return |output - target| / |target| over all kept tokens, and let the samples move on behind.

        One output at a time: the keys and values of all layers together are large.
        """
        n_compared = len(block.samples) if self.n_compared is None else self.n_compared
        difference = power = 0.0
        for index, sample in enumerate(block.samples if moves_on else block.samples[:n_compared]):
            is_compared = index < n_compared
            target = block.target(sample) if is_compared else None
            output = block.student_output(sample) if target is None or self.is_quantized else target
            if target is not None:
                difference += float((kept(output, sample) - kept(target, sample)).square().sum())
                power += float(kept(target, sample).square().sum())
            if moves_on:
                sample.teacher_input = output if target is None else target
                sample.student_input = output
        return float((difference / max(power, 1e-30)) ** 0.5)

    def _apply_(self, layers: tuple[PlannedLayer, ...], result: BlockResult) -> None:
        self.weights.update(result.weights)
        self.problem.findings.add_(result)
        set_parameters_(self.problem.model, result.parameters)
        if self.is_quantized:
            set_parameters_(self.student, result.parameters)
            _replace_(self.student, layers, result.weights)


def _at_encoder(walked: _Walk, layout: Layout, data: CalibrationData) -> tuple[Sample, ...]:
    samples = []
    for index, batch in enumerate(data.batches):
        own, own_arguments = hidden, arguments = entry_of_encoder(
            walked.student, layout.encoder[0], batch=batch
        )
        if walked.has_teacher(index):
            hidden, arguments = entry_of_encoder(walked.problem.model, layout.encoder[0], batch=batch)
        samples.append(Sample(hidden, arguments, own, own_arguments, None, batch.valid))
    return tuple(samples)


def _at_decoder(
    walked: _Walk, layout: Layout, data: CalibrationData, encoded: tuple[Sample, ...]
) -> tuple[Sample, ...]:
    """Return samples at the decoder's first layer; the student attends to the quantized encoder's output."""
    samples = []
    for index, (batch, sample) in enumerate(zip(data.batches, encoded, strict=True)):
        own, own_arguments = hidden, arguments = _entry(walked.student, layout, batch, sample.student_input)
        if walked.has_teacher(index):
            hidden, arguments = _entry(walked.problem.model, layout, batch, sample.teacher_input)
        samples.append(Sample(hidden, arguments, own, own_arguments, None, None))
    return tuple(samples)


def _entry(
    model: nn.Module, layout: Layout, batch: CalibrationBatch, encoded: Tensor
) -> tuple[Tensor, Arguments]:
    """Return what enters the decoder's first layer for what leaves the encoder's last."""
    with torch.no_grad():
        seen = model.get_submodule(layout.encoder_norm)(encoded)
    return entry_of_decoder(model, layout.decoder[0], batch=batch, encoder_output=seen)


def _outside(problem: Problem, given: Mapping[str, QuantizedWeight]) -> dict[str, QuantizedWeight]:
    """Return the weights of the layers outside the blocks."""
    found = problem.findings.weights
    weights = {}
    for layer in layers_outside(problem):
        known = given.get(layer.module) or found.get(layer.module)
        weights[layer.module] = known or round_weight(
            problem.weight_of(layer), layer.weight, module=layer.module
        )
    return weights


def _student_of(problem: Problem, outside: Mapping[str, QuantizedWeight]) -> nn.Module:
    """Return a twin of the float network that quantizes attention and has its outer layers rounded."""
    student = working_copy(problem.model)
    _replace_(student, layers_outside(problem), outside)
    quantize_attention_(student, problem.attention)
    return student


def _replace_(
    student: nn.Module, layers: tuple[PlannedLayer, ...], weights: Mapping[str, QuantizedWeight]
) -> None:
    """Put integer layers into the student; fixed ranges are not known yet, so they are found at run time."""
    ready = tuple(
        replace(layer, activation=at_run_time(layer.activation))
        for layer in layers
        if layer.module in weights
    )
    replace_layers_(student, ready, weights=weights, statics={})


def set_parameters_(model: nn.Module, parameters: Mapping[str, Tensor]) -> None:
    """Give modules new parameters by their full names; old ones, which others may share, stay as they are."""
    for name, value in parameters.items():
        module, _, part = name.rpartition(".")
        setattr(model.get_submodule(module), part, nn.Parameter(value.detach(), requires_grad=False))
