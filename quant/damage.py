"""How far a quantized network strays from the float one: a cheap stand-in for its word error rate."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from quant.blocks.block import check_finite
from quant.calibration import CalibrationData, need_data
from quant.quantize import quantize

if TYPE_CHECKING:
    from transformers import PreTrainedModel

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


def divergence(model: "PreTrainedModel", recipe: "Recipe", reference: Reference) -> float:
    """Return the Kullback-Leibler divergence from the float network's next token, in nats per token.

    Zero where nothing changes. Teacher forcing on the float network's own text: an error does not carry over
    to later tokens, as it does in decoding, so small values say more than large ones.

    Raises:
        EdgeAsrError: the recipe does not fit the network, or the quantized network's output is not finite.
    """
    quantized = quantize(model, recipe, reference.data).model
    total, tokens = 0.0, 0
    for expected, found in zip(
        reference.log_probabilities, _log_probabilities(quantized, reference.data), strict=True
    ):
        check_finite(found, "proj_out")
        total += float(functional.kl_div(found, expected, reduction="sum", log_target=True))
        tokens += len(expected)
    return max(total / tokens, 0.0)


def _log_probabilities(model: "PreTrainedModel", data: CalibrationData) -> Iterator[Tensor]:
    for batch in data.batches:
        with torch.no_grad():
            logits = model(batch.inputs, decoder_input_ids=batch.decoder_ids, use_cache=False).logits
        yield logits.float().log_softmax(-1).flatten(0, 1)
