"""Integer codes of 2 to 16 bits packed without gaps, each row starting at a byte."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from quant.quantizer import code_dtype, code_range
from traces.formats import Format

BLOCK_ELEMENTS = 1 << 20
"""Codes handled at once, so that their single bits never need more than some 20 MB."""


def pack(codes: Tensor, number: Format) -> Tensor:
    """Return codes (out, ...) as bytes (out, ceil(elements * bits / 8)) uint8.

    A code is stored as its distance from the lowest code, least significant bit first; a row's last byte is
    filled up with zeros.
    """
    rows = codes.reshape(codes.shape[0], -1)
    places = np.arange(number.bits, dtype=np.uint16)
    packed = torch.empty((rows.shape[0], packed_row_bytes(rows.shape[1], number)), dtype=torch.uint8)
    for block in _blocks(rows.shape[0], rows.shape[1]):
        distance = (rows[block].to(torch.int32) - code_range(number).low).numpy().astype(np.uint16)
        bits = ((distance[:, :, None] >> places) & 1).astype(np.uint8).reshape(len(distance), -1)
        packed[block] = torch.from_numpy(np.packbits(bits, axis=1, bitorder="little"))
    return packed


def unpack(packed: Tensor, number: Format, *, shape: tuple[int, ...]) -> Tensor:
    """Return the codes in `shape: (out, ...)` from their bytes."""
    row_length = int(np.prod(shape[1:]))
    codes = torch.empty((shape[0], row_length), dtype=code_dtype(number))
    for block in _blocks(shape[0], row_length):
        bits = np.unpackbits(
            packed[block].numpy(), axis=1, count=row_length * number.bits, bitorder="little"
        ).reshape(-1, row_length, number.bits)
        distance = np.zeros(bits.shape[:2], dtype=np.int32)
        for place in range(number.bits):
            distance |= bits[:, :, place].astype(np.int32) << place
        codes[block] = torch.from_numpy(distance + code_range(number).low).to(codes.dtype)
    return codes.reshape(shape)


def packed_row_bytes(row_length: int, number: Format) -> int:
    """Return the bytes of one packed row."""
    return -(-row_length * number.bits // 8)


def _blocks(n_rows: int, row_length: int) -> Iterator[slice]:
    rows_at_once = max(1, BLOCK_ELEMENTS // max(1, row_length))
    for start in range(0, n_rows, rows_at_once):
        yield slice(start, start + rows_at_once)
