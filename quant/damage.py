"""How far a quantized network strays from the float one: a cheap stand-in for its word error rate."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from quant.calibration import CalibrationData, need_data
from quant.observed import check_finite
from quant.quantize import quantize

if TYPE_CHECKING:
    from transformers import PreTrainedModel
    from transformers.utils import ModelOutput

    from quant.recipe import Recipe


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The float network's answer on calibration data: log probabilities (tokens, vocabulary) per batch."""

    data: CalibrationData
    log_probabilities: tuple[Tensor, ...]


def reference_of(model: "PreTrainedModel", data: CalibrationData | None) -> Reference:
    """Return what the float network says of the data by teacher forcing.

    Memory: tokens x vocabulary x 4 bytes.

    Raises:
        EdgeAsrError: there is no data.
    """
    shown = need_data(data, "the measure of damage")
    return Reference(shown, tuple(_log_probabilities(model, shown)))


def divergence(model: "PreTrainedModel", recipe: "Recipe", *, reference: Reference) -> float:
    """Return the Kullback-Leibler divergence from the float network's next token, in nats per token.

    Zero where nothing changes. Teacher forcing on the float network's own text: an error does not carry over
    to later tokens, as it does in decoding, so small values say more than large ones.

    Raises:
        EdgeAsrError: the recipe does not fit the network, or the quantized network's output is not finite.
    """
    return divergence_of(quantize(model, recipe, calibration=reference.data).model, reference)


def divergence_of(
    network: "PreTrainedModel", reference: Reference, *, encoded: "Sequence[ModelOutput] | None" = None
) -> float:
    """Return the divergence of a network that is quantized already, in nats per token.

    `encoded` are the encoder's outputs per batch, where they are known: the encoder is then not run.

    Raises:
        EdgeAsrError: the network's output is not finite.
    """
    total, tokens = 0.0, 0
    for expected, found in zip(
        reference.log_probabilities, _log_probabilities(network, reference.data, encoded), strict=True
    ):
        check_finite(found, "proj_out")
        total += float(functional.kl_div(found, expected, reduction="sum", log_target=True))
        tokens += len(expected)
    return max(total / tokens, 0.0)


def encoded_by(network: "PreTrainedModel", data: CalibrationData) -> "tuple[ModelOutput, ...]":
    """Return what a network's encoder makes of each batch: (batch, positions, channels) and masks."""
    with torch.no_grad():
        return tuple(network.get_encoder()(batch.inputs.to(network.dtype)) for batch in data.batches)


def _log_probabilities(
    model: "PreTrainedModel", data: CalibrationData, encoded: "Sequence[ModelOutput] | None" = None
) -> Iterator[Tensor]:
    for index, batch in enumerate(data.batches):
        inputs = {} if encoded is None else {"encoder_outputs": encoded[index]}
        audio = (batch.inputs.to(model.dtype),) if encoded is None else ()
        with torch.no_grad():
            logits = model(*audio, decoder_input_ids=batch.decoder_ids, use_cache=False, **inputs).logits
        yield logits.float().log_softmax(-1).flatten(0, 1)
