import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.packing import pack, packed_row_bytes, unpack
from quant.quantizer import code_range
from traces.formats import Format, Granularity


def test_three_bits_by_hand() -> None:
    codes = torch.tensor([[-4, -3, 3]], dtype=torch.int8)  # distances 0, 1, 7: bits 000 100 111, lowest first
    assert pack(codes, Format.parse("int3_channel_asym")).tolist() == [[0b11001000, 0b1]]


def test_eight_bits_are_one_byte_each() -> None:
    codes = torch.tensor([[-128, 0, 127]], dtype=torch.int8)
    assert pack(codes, Format.parse("int8_channel_asym")).tolist() == [[0, 128, 255]]


@pytest.mark.parametrize(
    ("row_length", "bits", "size_bytes"), [(36, 3, 14), (288, 3, 108), (416, 4, 208), (5, 2, 2), (1, 16, 2)]
)
def test_rows_start_at_a_byte(row_length: int, bits: int, size_bytes: int) -> None:
    assert packed_row_bytes(row_length, Format("int", bits, Granularity.CHANNEL)) == size_bytes


@settings(max_examples=80, deadline=None)
@given(
    bits=st.integers(2, 16),
    symmetric=st.booleans(),
    shape=st.tuples(st.integers(1, 5), st.integers(1, 37), st.integers(1, 3)),
    seed=st.integers(0, 2**31),
)
def test_what_is_packed_is_unpacked(bits: int, symmetric: bool, shape: tuple[int, ...], seed: int) -> None:
    number = Format("int", bits, Granularity.CHANNEL, symmetric=symmetric)
    codes = code_range(number)
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randint(codes.low, codes.high + 1, shape, generator=generator)
    drawn = drawn.to(torch.int8 if bits <= 8 else torch.int16)
    packed = pack(drawn, number)
    assert packed.dtype == torch.uint8
    assert packed.shape == (shape[0], packed_row_bytes(shape[1] * shape[2], number))
    found = unpack(packed, number, shape=shape)
    assert found.dtype == drawn.dtype
    assert torch.equal(found, drawn)


def test_many_rows_are_packed_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    number = Format.parse("int3_g32_asym")
    codes = torch.randint(-4, 4, (50, 40), dtype=torch.int8)
    whole = pack(codes, number)
    monkeypatch.setattr("quant.packing.BLOCK_ELEMENTS", 120)
    assert torch.equal(pack(codes, number), whole)
    assert torch.equal(unpack(whole, number, shape=(50, 40)), codes)
