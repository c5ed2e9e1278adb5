"""A weight as integer codes with scales."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from quant.quantizer import RangeSearch, Scale, find_scale, from_codes, to_codes
from traces.errors import EdgeAsrError
from traces.formats import Format


@dataclass(frozen=True, slots=True, eq=False)
class FloatColumns:
    """Input columns of a weight that stay float.

    columns: (n_float,) int64, rising; weight: (out, n_float) float16.
    """

    columns: Tensor
    weight: Tensor

    def others(self, in_features: int) -> Tensor:
        """Return the columns (in - n_float,) int64 that are integers."""
        is_integer = torch.ones(in_features, dtype=torch.bool, device=self.columns.device)
        is_integer[self.columns] = False
        return is_integer.nonzero().squeeze(1)


@dataclass(frozen=True, slots=True, eq=False)
class QuantizedWeight:
    """Codes in the weight's own shape, and what they stand for.

    codes: (out, ...) int8, or int16 above 8 bits; scale and zero: (rows, groups), see `quant.quantizer`.
    With `float_columns` the codes are those of all other columns, (out, in - n_float), side by side.
    """

    codes: Tensor
    scale: Scale
    number: Format
    float_columns: FloatColumns | None = None

    def dequantized(self) -> Tensor:
        """Return the weight, (out, in, ...) float32, float columns in their places."""
        numbers = from_codes(self.codes, self.scale, self.number)
        kept = self.float_columns
        if kept is None:
            return numbers
        whole = numbers.new_empty((len(numbers), numbers.shape[1] + len(kept.columns)))
        whole[:, kept.others(whole.shape[1])] = numbers
        whole[:, kept.columns] = kept.weight.float()
        return whole

    def tensors(self) -> dict[str, Tensor]:
        """Return everything as named tensors; `of_tensors` undoes it."""
        parts = {"codes": self.codes, "scale": self.scale.scale, "format": _as_bytes(self.number.name)}
        if self.scale.zero is not None:
            parts["zero"] = self.scale.zero
        if self.float_columns is not None:
            parts |= {"columns": self.float_columns.columns, "float_weight": self.float_columns.weight}
        return parts

    @classmethod
    def of_tensors(cls, parts: Mapping[str, Tensor]) -> "QuantizedWeight":
        """Return the weight that `tensors` took apart."""
        number = Format.parse(bytes(parts["format"].tolist()).decode())
        kept = FloatColumns(parts["columns"], parts["float_weight"]) if "columns" in parts else None
        return cls(parts["codes"], Scale(parts["scale"], parts.get("zero")), number, kept)


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
