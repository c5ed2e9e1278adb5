"""One block of the network with what calibration data sees there, on the float and on the quantized path."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn
from torch.func import functional_call

from quant.activations import quantize_activation
from quant.blocks.capture import Arguments, Reached
from quant.blocks.shortcuts import Shortcuts
from quant.layers import replace_layers_
from quant.observed import check_finite
from quant.plan import PlannedLayer
from quant.weights import QuantizedWeight
from traces.errors import EdgeAsrError
from traces.formats import Format


@dataclass(slots=True, eq=False)
class Sample:
    """One calibration batch at a block; all hidden states are (batch, tokens, channels).

    The teacher is the float network on float inputs; the student is the network as far as it is quantized,
    on what its own earlier blocks give. `target` is the teacher's output, None where it is worked out anew
    whenever it is asked for. Of Whisper's encoder positions only the first `valid` carry audio; None means
    all of them, as in the decoder.
    """

    teacher_input: Tensor
    teacher_arguments: Arguments
    student_input: Tensor
    student_arguments: Arguments
    target: Tensor | None
    valid: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A transformer layer, or the keys and values of all cross-attentions together.

    `teacher` and `student` are the float module and its twin, in which earlier blocks' and this block's
    rounded layers are already integers. `layers` are those to round, by full name; `prefix` maps the
    front of full module names to names inside the block. `shortcuts` spare passes of the student work.
    """

    name: str
    layers: tuple[PlannedLayer, ...]
    teacher: nn.Module
    student: nn.Module
    prefix: Mapping[str, str]
    samples: tuple[Sample, ...]
    shortcuts: Shortcuts = field(default_factory=Shortcuts)

    def local(self, name: str) -> str:
        """Return the name inside the block of a module or parameter with a full name.

        Raises:
            EdgeAsrError: if it is no part of the block.
        """
        for front, inside in self.prefix.items():
            if name == front or name.startswith(front + "."):
                return (inside + name[len(front) :]).lstrip(".")
        raise EdgeAsrError(f"'{name}' is no part of block '{self.name}'")

    def module(self, name: str, *, student: bool = False) -> nn.Module:
        """Return a module of the block by its full name."""
        return (self.student if student else self.teacher).get_submodule(self.local(name))

    def weight(self, layer: PlannedLayer) -> Tensor:
        """Return the float weight of a layer of the block."""
        return self.teacher.get_parameter(self.local(f"{layer.module}.weight")).detach()

    def teacher_output(self, sample: Sample) -> Tensor:
        """Return the float block's output on the float path."""
        return sample.teacher_arguments.call(self.teacher, sample.teacher_input)

    def target(self, sample: Sample) -> Tensor:
        """Return the float block's output on the float path, at least on the tokens that carry data.

        What is not kept belongs to a block that computes token by token.
        """
        if sample.target is not None:
            return sample.target
        with torch.no_grad():
            return self.teacher_output(replace(sample, teacher_input=sample.teacher_input[:, : sample.valid]))

    def student_output(self, sample: Sample, parameters: Mapping[str, Tensor] | None = None) -> Tensor:
        """Return the student's output on its own path, some parameters (by full name) replaced.

        Use it inside `quantized_inputs`, so that layers that are not rounded yet compute with their
        activation formats.
        """
        if not parameters:
            with self.shortcuts.standing_in(self.student, sample):
                return sample.student_arguments.call(self.student, sample.student_input)
        local = {self.local(name): value for name, value in parameters.items()}

        def block(*args: object, **kwargs: object) -> object:
            return functional_call(self.student, local, args, kwargs)

        return sample.student_arguments.call(_Function(block), sample.student_input)

    def round_(self, weights: Mapping[str, QuantizedWeight]) -> None:
        """Put rounded layers into the student, so that later ones see what they give."""
        rounded = {self.local(name): weight for name, weight in weights.items()}
        ready = tuple(
            replace(
                layer,
                module=self.local(layer.module),
                weight_of=self.local(layer.module),
                activation=at_run_time(layer.activation),
            )
            for layer in self.layers
            if layer.module in weights
        )
        replace_layers_(self.student, ready, weights=rounded, statics={})


class _Function(nn.Module):
    """A function where a module is called."""

    def __init__(self, function: Callable[..., object]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *args: object, **kwargs: object) -> object:
        return self.function(*args, **kwargs)


def kept(x: Tensor, sample: Sample) -> Tensor:
    """Return the tokens of `x: (batch, tokens, channels)` that carry data, as (tokens, channels)."""
    return x[:, : sample.valid].flatten(0, 1)


@contextmanager
def quantized_inputs(block: Block) -> Iterator[None]:
    """Make the student's float layers quantize their inputs as planned, while the context lasts."""
    hooks = []
    for layer in block.layers:
        module = block.module(layer.module, student=True)
        if isinstance(module, nn.Linear) and not layer.activation.is_float:
            hooks.append(module.register_forward_pre_hook(_quantizer(at_run_time(layer.activation))))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def at_run_time(number: Format) -> Format:
    """Return the format with its range found at run time: what stands in until fixed ranges are known."""
    return number if number.is_float or number.dynamic else replace(number, dynamic=True)


def _quantizer(number: Format) -> Callable[[nn.Module, tuple[Tensor, ...]], tuple[Tensor, ...]]:
    def quantize(_: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return (quantize_activation(args[0], number), *args[1:])

    return quantize


def observe(
    block: Block, names: tuple[str, ...], *, see: Callable[[str, Tensor], None], student: bool
) -> None:
    """Show the inputs of some layers, `see(name, x)` with x (tokens, in), sample by sample.

    Padding is left out. A pass ends as soon as all have been seen, so that early layers are cheap to look at.
    Inside `quantized_inputs` x is what the student's layer multiplies: rounded to its activation format.

    Raises:
        EdgeAsrError: naming the module whose input is not finite.
    """
    module = block.student if student else block.teacher
    for sample in block.samples:
        seen: set[str] = set()
        hooks = [
            block.module(name, student=student).register_forward_pre_hook(
                _watcher(name, names, sample, seen, see)
            )
            for name in names
        ]
        arguments = sample.student_arguments if student else sample.teacher_arguments
        hidden = sample.student_input if student else sample.teacher_input
        n_tokens = None
        if student and block.shortcuts.settle_attention(module, sample):
            hidden, n_tokens = hidden[:, : sample.valid], sample.valid
        try:
            with torch.no_grad(), ExitStack() as stack:
                if student:
                    stack.enter_context(block.shortcuts.standing_in(module, sample, n_tokens=n_tokens))
                arguments.call(module, hidden)
        except Reached:
            pass
        finally:
            for hook in hooks:
                hook.remove()


def _watcher(
    name: str, names: tuple[str, ...], sample: Sample, seen: set[str], see: Callable[[str, Tensor], None]
) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
    def watch(_: nn.Module, args: tuple[Tensor, ...]) -> None:
        x = kept(args[0], sample).detach()
        check_finite(x, name)
        see(name, x)
        seen.add(name)
        if len(seen) == len(names):
            raise Reached

    return watch
