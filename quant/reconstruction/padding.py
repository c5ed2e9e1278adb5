"""Whisper's padding left out of a layer where it has no effect on the positions that carry audio.

A clip is padded to Whisper's window, and learning asks only for the outputs at its own positions. The rest
matter as keys and values alone: queries, output projection and MLP, most of a layer, need not run for them.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from torch import Tensor, nn
from torch.func import functional_call

from quant.blocks.block import Block, Sample
from quant.blocks.walk import CrossKeysValues
from traces.formats import Granularity

_NORM, _ATTENTION = "self_attn_layer_norm", "self_attn"
"""Of `WhisperEncoderLayer`."""


def can_skip_padding(block: Block) -> bool:
    """Whether outputs are the same without the padding: no number format has a range over all positions."""
    is_encoder_layer = type(block.teacher).__name__ == "WhisperEncoderLayer"
    if not is_encoder_layer and not isinstance(block.teacher, CrossKeysValues):
        return False
    formats = [layer.activation for layer in block.layers]
    if is_encoder_layer:
        attention = getattr(block.student.get_submodule(_ATTENTION), "attention_formats", None)
        formats += [attention.query, attention.probability, attention.kv] if attention else []
    return all(number.is_float or number.granularity is Granularity.TOKEN for number in formats)


def output_of_kept(block: Block, sample: Sample, parameters: Mapping[str, Tensor], n_kept: int) -> Tensor:
    """Return the student's output at the first positions only: (batch, n_kept, channels)."""
    short = replace(sample, student_input=sample.student_input[:, :n_kept])
    if isinstance(block.teacher, CrossKeysValues):
        return block.student_output(short, parameters)
    norm = block.student.get_submodule(_NORM)
    names = {part: f"{block.name}.{_NORM}.{part}" for part, _ in norm.named_parameters()}
    changed = {part: parameters[name] for part, name in names.items() if name in parameters}
    everywhere = functional_call(norm, changed, (sample.student_input,))
    with _attending_to(block.student.get_submodule(_ATTENTION), everywhere):
        return block.student_output(short, parameters)


@contextmanager
def _attending_to(attention: nn.Module, states: Tensor) -> Iterator[None]:
    """Let a self-attention take its keys and values from other states than its queries."""

    def hook(
        _: nn.Module, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> tuple[tuple[object, ...], dict[str, object]]:
        return args, {**kwargs, "key_value_states": states}

    handle = attention.register_forward_pre_hook(hook, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()
