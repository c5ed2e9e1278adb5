"""What enters the first layer of a stack, caught before any layer runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor, nn

from quant.calibration import CalibrationBatch


@dataclass(frozen=True, slots=True, eq=False)
class Arguments:
    """How a stack calls its layers: all share these but for the hidden states, the first argument.

    `encoder_output` is what a decoder layer attends to, (batch, positions, channels), or None.
    """

    rest: tuple[object, ...]
    keywords: Mapping[str, object]
    encoder_output: Tensor | None = None

    def attending_to(self, encoder_output: Tensor) -> "Arguments":
        """Return the arguments of a layer that attends to another encoder output."""
        return replace(self, encoder_output=encoder_output)

    def call(self, layer: nn.Module, hidden: Tensor) -> Tensor:
        """Return the layer's output for hidden states (batch, tokens, channels)."""
        rest = [self._filled(value) for value in self.rest]
        keywords = {key: self._filled(value) for key, value in self.keywords.items()}
        output = layer(hidden, *rest, **keywords)
        found: Tensor = output[0] if isinstance(output, tuple) else output
        return found

    def _filled(self, value: object) -> object:
        return self.encoder_output if value is _ENCODER_OUTPUT else value


class _Marker:
    """Stands in captured arguments where the encoder's output was."""


_ENCODER_OUTPUT = _Marker()


class Reached(Exception):  # noqa: N818 (no error: what was wanted has been seen, the rest need not run)
    """Ends a forward pass early."""


def entry_of_encoder(model: nn.Module, layer: str, *, batch: CalibrationBatch) -> tuple[Tensor, Arguments]:
    """Return what enters the first encoder layer: hidden states (batch, positions, channels), the rest."""
    return _entry(model, layer, lambda: model.get_submodule("model.encoder")(batch.inputs))


def entry_of_decoder(
    model: nn.Module, layer: str, *, batch: CalibrationBatch, encoder_output: Tensor
) -> tuple[Tensor, Arguments]:
    """Return what enters the first decoder layer by teacher forcing."""
    hidden, arguments = _entry(
        model,
        layer,
        lambda: model.get_submodule("model.decoder")(
            input_ids=batch.decoder_ids, encoder_hidden_states=encoder_output, use_cache=False
        ),
    )
    rest = tuple(_ENCODER_OUTPUT if value is encoder_output else value for value in arguments.rest)
    keywords = {
        key: _ENCODER_OUTPUT if value is encoder_output else value
        for key, value in arguments.keywords.items()
    }
    return hidden, Arguments(rest, keywords, encoder_output)


def _entry(model: nn.Module, layer: str, run: Callable[[], object]) -> tuple[Tensor, Arguments]:
    caught: list[tuple[Tensor, Arguments]] = []

    def catch(_: nn.Module, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        hidden, *rest = args
        caught.append((cast("Tensor", hidden), Arguments(tuple(rest), dict(kwargs))))
        raise Reached

    # In front of the layer's own hooks (a rotation of its input), which run again whenever the layer does.
    hook = model.get_submodule(layer).register_forward_pre_hook(catch, with_kwargs=True, prepend=True)
    try:
        with torch.no_grad():
            run()
    except Reached:
        pass
    finally:
        hook.remove()
    return caught[0]
