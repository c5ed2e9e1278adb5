"""Number formats, which live in traces, where graphs need them."""

from traces.formats import (
    FLOAT16,
    FLOAT32,
    INT4_G32,
    INT8_CHANNEL,
    INT8_TENSOR,
    INT8_TOKEN,
    INT16_TOKEN,
    Format,
    Granularity,
)

__all__ = [
    "FLOAT16",
    "FLOAT32",
    "INT4_G32",
    "INT8_CHANNEL",
    "INT8_TENSOR",
    "INT8_TOKEN",
    "INT16_TOKEN",
    "Format",
    "Granularity",
]
