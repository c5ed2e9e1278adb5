"""What JSON can hold, as a type."""

from collections.abc import Mapping, Sequence

Json = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None
"""Any JSON value; read-only containers, so that typed lists and dicts fit in."""
