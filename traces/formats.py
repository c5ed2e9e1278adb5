"""Number formats: how an operand is stored and computed. Formats are values, such as `INT4_G32`."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from traces.errors import EdgeAsrError

SCALE_BITS = 16
"""A scale is stored as one float16."""


class Granularity(StrEnum):
    """How many elements share one scale."""

    TENSOR = "tensor"
    CHANNEL = "channel"
    """One scale per output channel (a row of a weight)."""
    GROUP = "group"
    """One scale per `group_size` consecutive elements of a row; a row's last group holds the remainder."""
    TOKEN = "token"  # noqa: S105 (a token of speech, no password)
    """One scale per row of an activation, found at run time."""


@dataclass(frozen=True, slots=True)
class Format:
    """A number format as stored and as computed.

    `dynamic` says that an activation's range is found at run time; weights and static activations have
    theirs fixed by calibration. `group_size` is 0 unless the granularity is GROUP.
    """

    kind: Literal["int", "float"]
    bits: int
    granularity: Granularity = Granularity.TENSOR
    symmetric: bool = True
    group_size: int = 0
    dynamic: bool = False

    def __post_init__(self) -> None:
        allowed = (8, 16, 32) if self.kind == "float" else range(2, 17)
        if self.bits not in allowed:
            raise EdgeAsrError(
                f"{self.kind} formats of {self.bits} bits do not exist here; known: {list(allowed)}"
            )
        if (self.granularity is Granularity.GROUP) != (self.group_size > 0):
            raise EdgeAsrError(
                f"group_size {self.group_size} does not go with granularity '{self.granularity}'"
            )

    @property
    def is_float(self) -> bool:
        """Whether it is a floating-point format; those carry no scales."""
        return self.kind == "float"

    @property
    def name(self) -> str:
        """The canonical name: `float16`, `int8_channel`, `int4_g32_asym`, `int8_tensor_dynamic`."""
        if self.is_float:
            return f"float{self.bits}"
        shared = f"g{self.group_size}" if self.granularity is Granularity.GROUP else str(self.granularity)
        parts = [f"int{self.bits}", shared]
        if not self.symmetric:
            parts.append("asym")
        if self.dynamic and self.granularity is not Granularity.TOKEN:
            parts.append("dynamic")
        return "_".join(parts)

    def __str__(self) -> str:
        return self.name

    def stored_bits(self, rows: ArrayLike, row_length: ArrayLike) -> NDArray[np.float64]:
        """Return the bits of `rows` rows of `row_length` elements, with scales and zero points.

        Both may be arrays and broadcast. A row is an output channel of a weight (everything behind its first
        axis) or a token of an activation (its last axis). An asymmetric format stores a zero point of its
        own width beside each scale.
        """
        rows_ = np.asarray(rows, dtype=np.float64)
        length = np.asarray(row_length, dtype=np.float64)
        payload = self.bits * rows_ * length
        if self.is_float:
            return payload
        match self.granularity:
            case Granularity.TENSOR:
                scales = np.minimum(rows_, 1.0)
            case Granularity.CHANNEL | Granularity.TOKEN:
                scales = rows_
            case Granularity.GROUP:
                scales = rows_ * np.ceil(length / self.group_size)
        total: NDArray[np.float64] = payload + scales * (SCALE_BITS + (0 if self.symmetric else self.bits))
        return total

    def stored_bytes(self, rows: ArrayLike, row_length: ArrayLike) -> NDArray[np.float64]:
        """Return `stored_bits` in bytes."""
        return self.stored_bits(rows, row_length) / 8.0

    def bits_per_element(self, shape: tuple[int, ...]) -> float:
        """Return the mean bits of one element of a weight of this shape, with scales and zero points."""
        rows, row_length = shape[0], int(np.prod(shape[1:], dtype=np.int64))
        return float(self.stored_bits(rows, row_length)) / (rows * row_length)

    @staticmethod
    def parse(name: str) -> "Format":
        """Return the format of a canonical name; `int8` alone means per tensor.

        Raises:
            EdgeAsrError: if the name follows no known pattern.
        """
        found = _NAME.fullmatch(name.strip().lower())
        if found is None:
            raise EdgeAsrError(
                f"unknown number format '{name}'; write float16, int8_tensor, int4_channel, int4_g32 or "
                "int8_token, with _asym or _dynamic where wanted"
            )
        if found["float_bits"]:
            return Format("float", int(found["float_bits"]))
        shared = found["shared"] or "tensor"
        group_size = int(shared[1:]) if shared.startswith("g") else 0
        granularity = Granularity.GROUP if group_size else Granularity(shared)
        return Format(
            "int",
            int(found["int_bits"]),
            granularity,
            symmetric=found["asym"] is None,
            group_size=group_size,
            dynamic=granularity is Granularity.TOKEN or found["dynamic"] is not None,
        )


_NAME = re.compile(
    r"float(?P<float_bits>\d+)"
    r"|int(?P<int_bits>\d+)(_(?P<shared>tensor|channel|token|g[1-9]\d*))?(?P<asym>_asym)?(?P<dynamic>_dynamic)?"
)

FLOAT32 = Format("float", 32)
FLOAT16 = Format("float", 16)
INT16_TOKEN = Format.parse("int16_token")
INT8_TENSOR = Format.parse("int8_tensor")
INT8_CHANNEL = Format.parse("int8_channel")
INT8_TOKEN = Format.parse("int8_token")
INT4_G32 = Format.parse("int4_g32")


@dataclass(frozen=True, slots=True)
class AttentionFormats:
    """What the two products of an attention compute with: query x key, probability x value."""

    query: Format = FLOAT16
    probability: Format = FLOAT16
    kv: Format = FLOAT16

    @property
    def is_float(self) -> bool:
        """Whether attention runs as in the float network."""
        return self.query.is_float and self.probability.is_float and self.kv.is_float
