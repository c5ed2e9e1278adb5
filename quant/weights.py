"""A weight as integer codes with scales."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from quant.quantizer import RangeSearch, Scale, find_scale, from_codes, to_codes
from traces.errors import EdgeAsrError
from traces.formats import Format


@dataclass(frozen=True, slots=True, eq=False)
class QuantizedWeight:
    """Codes in the weight's own shape, and what they stand for.

    codes: (out, ...) int8, or int16 above 8 bits; scale and zero: (rows, groups), see `quant.quantizer`.
    """

    codes: Tensor
    scale: Scale
    number: Format

    def dequantized(self) -> Tensor:
        """Return the weight as float32."""
        return from_codes(self.codes, self.scale, self.number)

    def tensors(self) -> dict[str, Tensor]:
        """Return everything as named tensors; `of_tensors` undoes it."""
        parts = {"codes": self.codes, "scale": self.scale.scale, "format": _as_bytes(self.number.name)}
        return parts if self.scale.zero is None else parts | {"zero": self.scale.zero}

    @classmethod
    def of_tensors(cls, parts: Mapping[str, Tensor]) -> "QuantizedWeight":
        """Return the weight that `tensors` took apart."""
        number = Format.parse(bytes(parts["format"].tolist()).decode())
        return cls(parts["codes"], Scale(parts["scale"], parts.get("zero")), number)


def _as_bytes(text: str) -> Tensor:
    return torch.tensor(list(text.encode()), dtype=torch.uint8)


def round_weight(
    weight: Tensor, number: Format, *, module: str, search: RangeSearch | None = None
) -> QuantizedWeight:
    """Return a weight (out, ...) rounded to the nearest code, with ranges from its extremes or by `search`.

    Raises:
        EdgeAsrError: naming the module, if the weight is not finite or too large.
    """
    try:
        scale = find_scale(weight, number, search=search)
    except EdgeAsrError as error:
        raise EdgeAsrError(f"weight of module '{module}': {error}") from error
    return QuantizedWeight(to_codes(weight, scale, number), scale, number)
