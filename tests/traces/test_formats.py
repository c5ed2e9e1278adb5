"""Number formats: their names are one to one, and what they store can be worked out by hand."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces.errors import EdgeAsrError
from traces.formats import FLOAT16, AttentionFormats, Format, Granularity

SHARED = st.sampled_from(["tensor", "channel", "token", "g1", "g32", "g128"])


@given(bits=st.integers(2, 16), shared=SHARED, asymmetric=st.booleans(), dynamic=st.booleans())
def test_a_name_and_its_format_tell_each_other(
    bits: int, shared: str, asymmetric: bool, dynamic: bool
) -> None:
    ending = ("_asym" if asymmetric else "") + ("_dynamic" if dynamic and shared != "token" else "")
    name = f"int{bits}_{shared}{ending}"
    number = Format.parse(name)
    assert str(number) == number.name == name
    assert (number.bits, number.symmetric, number.is_float) == (bits, not asymmetric, False)
    assert number.dynamic == (dynamic or shared == "token")


def test_a_short_name_is_per_tensor() -> None:
    assert Format.parse("int8") == Format("int", 8, Granularity.TENSOR)
    assert Format.parse(" INT4_G32 ") == Format("int", 4, Granularity.GROUP, group_size=32)
    assert Format.parse("float16") == FLOAT16


@pytest.mark.parametrize(
    "name", ["", "int", "w8a8", "int4_g0", "int4_row", "float16_asym", "int8_dynamic_asym"]
)
def test_a_name_of_no_format(name: str) -> None:
    with pytest.raises(EdgeAsrError, match=re.escape(f"unknown number format '{name}'")):
        Format.parse(name)


@pytest.mark.parametrize("name", ["int1", "int17_channel", "float4"])
def test_bits_that_do_not_exist(name: str) -> None:
    with pytest.raises(EdgeAsrError, match="bits do not exist here; known"):
        Format.parse(name)


def test_only_groups_have_a_size() -> None:
    for granularity, group_size in ((Granularity.GROUP, 0), (Granularity.CHANNEL, 32)):
        with pytest.raises(EdgeAsrError, match=f"group_size {group_size} does not go with"):
            Format("int", 4, granularity, group_size=group_size)


@pytest.mark.parametrize(
    ("name", "stored_bits"),
    [
        ("float16", 3 * 100 * 16),
        ("int8_tensor", 3 * 100 * 8 + 16),
        ("int8_channel", 3 * 100 * 8 + 3 * 16),
        ("int8_token", 3 * 100 * 8 + 3 * 16),
        ("int4_g32", 3 * 100 * 4 + 3 * 4 * 16),  # 100 = 3 groups of 32 and one of 4
        ("int4_g32_asym", 3 * 100 * 4 + 3 * 4 * (16 + 4)),
    ],
)
def test_three_rows_of_a_hundred(name: str, stored_bits: float) -> None:
    number = Format.parse(name)
    assert number.stored_bits(3, 100) == stored_bits
    assert number.stored_bytes(3, 100) == stored_bits / 8
    assert number.bits_per_element((3, 25, 4)) == pytest.approx(stored_bits / 300)


def test_many_shapes_at_once() -> None:
    found = Format.parse("int4_g32").stored_bits(np.array([[1], [2]]), np.array([32, 33]))
    np.testing.assert_array_equal(found, [[144, 164], [288, 328]])


def test_nothing_stores_nothing() -> None:
    assert Format.parse("int8_tensor").stored_bits(0, 100) == 0.0


def test_attention_is_float_only_as_a_whole() -> None:
    assert AttentionFormats().is_float
    assert not AttentionFormats(kv=Format.parse("int8_token")).is_float
