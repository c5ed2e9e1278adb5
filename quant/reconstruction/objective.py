"""What block reconstruction minimises: the student's distance from the teacher, on minibatches."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from quant.blocks.block import Block, Sample, kept
from quant.reconstruction.padding import can_skip_padding, output_of_kept
from traces.errors import EdgeAsrError


class Objective:
    """The mean squared error of a block's output, over all tokens that carry data.

    The student computes on what its own earlier blocks give, the target is the float network's output. With
    `augmented`, the float block's output on the student's input is a second target, and the loss the mean of
    both (OmniQuant's `aug_loss`). Minibatches are drawn with a generator seeded anew for every block, so that
    a block comes out the same whether those before it were solved or read from disk.
    """

    def __init__(self, block: Block, *, seed: int, augmented: bool = False) -> None:
        self.block = block
        self.generator = torch.Generator().manual_seed(seed)
        self._is_augmented = augmented
        self._kinds = _kinds(block.samples)
        self._skips_padding = can_skip_padding(block)

    def drawn(self, size: int) -> tuple[int, ...]:
        """Return the numbers of `size` different samples, or of all if there are fewer."""
        return self.shuffled()[:size]

    def shuffled(self) -> tuple[int, ...]:
        """Return the numbers of all samples in random order."""
        order: list[int] = torch.randperm(len(self.block.samples), generator=self.generator).tolist()
        return tuple(order)

    def __call__(self, parameters: Mapping[str, Tensor], chosen: tuple[int, ...]) -> Tensor:
        """Return the loss on the chosen samples with some parameters (by full name) replaced.

        Call it inside `quantized_inputs`. Samples of one length are computed at once.
        """
        together: dict[int, list[int]] = {}
        for index in chosen:
            together.setdefault(self._kinds[index], []).append(index)
        errors, n_numbers = [], 0
        for indices in together.values():
            samples = [self.block.samples[index] for index in indices]
            output = self._output(_stacked(samples), samples, parameters)
            rows = torch.split(output, [len(sample.student_input) for sample in samples])
            for sample, found in zip(samples, rows, strict=True):
                for target in self._targets(sample):
                    difference = kept(found, sample) - kept(target, sample)
                    errors.append(difference.square().sum())
                    n_numbers += difference.numel()
        return torch.stack(errors).sum() / n_numbers

    def _targets(self, sample: Sample) -> tuple[Tensor, ...]:
        target = self.block.target(sample)
        return (target, _float_output(self.block, sample)) if self._is_augmented else (target,)

    def _output(self, stacked: Sample, samples: list[Sample], parameters: Mapping[str, Tensor]) -> Tensor:
        """Return the student's output, (batch, tokens, channels), at least at the positions that are kept."""
        kept_positions = [sample.valid for sample in samples if sample.valid is not None]
        if self._skips_padding and len(kept_positions) == len(samples):
            return output_of_kept(self.block, stacked, parameters, max(kept_positions))
        return self.block.student_output(stacked, parameters)


def descend_(optimizer: torch.optim.Optimizer, loss: Tensor, *, method: str, block: str) -> None:
    """Take one step of all that the optimizer learns.

    Raises:
        EdgeAsrError: naming the block, if the loss is NaN or infinite.
    """
    if not bool(torch.isfinite(loss)):
        raise EdgeAsrError(f"{method}: the loss of block '{block}' is not finite; lower the learning rate")
    learned = [each for group in optimizer.param_groups for each in group["params"]]
    for each, gradient in zip(learned, torch.autograd.grad(loss, learned), strict=True):
        each.grad = gradient
    optimizer.step()


def _float_output(block: Block, sample: Sample) -> Tensor:
    with torch.no_grad():
        return sample.student_arguments.call(block.teacher, sample.student_input)


def _stacked(samples: list[Sample]) -> Sample:
    """Return samples of one kind as one sample."""
    if len(samples) == 1:
        return samples[0]
    encoded = [sample.student_arguments.encoder_output for sample in samples]
    arguments = samples[0].student_arguments
    if encoded[0] is not None:
        arguments = arguments.attending_to(torch.cat([each for each in encoded if each is not None]))
    return replace(
        samples[0],
        student_input=torch.cat([sample.student_input for sample in samples]),
        student_arguments=arguments,
    )


def _kinds(samples: tuple[Sample, ...]) -> tuple[int, ...]:
    """Return for each sample the number of the first that can be computed together with it."""
    first: list[int] = []
    kinds = []
    for index, sample in enumerate(samples):
        kind = next((each for each in first if _is_alike(samples[each], sample)), index)
        if kind == index:
            first.append(index)
        kinds.append(kind)
    return tuple(kinds)


def _is_alike(one: Sample, other: Sample) -> bool:
    """Whether two samples differ in numbers only: hidden states, and the encoder's output they attend to."""
    if one.student_input.shape != other.student_input.shape or len(one.student_input) != 1:
        return False
    a, b = one.student_arguments, other.student_arguments
    shapes = [None if each.encoder_output is None else each.encoder_output.shape for each in (a, b)]
    return (
        shapes[0] == shapes[1] and _is_same(a.rest, b.rest) and _is_same(dict(a.keywords), dict(b.keywords))
    )


def _is_same(one: object, other: object) -> bool:
    """Whether two arguments are equal, tensors inside them included."""
    match one, other:
        case Tensor(), Tensor():
            return one.shape == other.shape and torch.equal(one, other)
        case ((tuple() | list()), (tuple() | list())):
            return len(one) == len(other) and all(map(_is_same, one, other))
        case dict(), dict():
            return one.keys() == other.keys() and all(
                _is_same(value, other[key]) for key, value in one.items()
            )
    return one is other or (type(one) is type(other) and not isinstance(one, Tensor) and bool(one == other))
