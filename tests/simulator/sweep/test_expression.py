import numpy as np
import pytest

from simulator.sweep.expression import parse_expression
from traces.errors import EdgeAsrError

VALUES = {
    "levels.sram.size_bytes": np.array([2.0**20, 2.0**22]),
    "levels.dram.size_bytes": np.array([2.0**22, 2.0**23]),
    "rates.dense-int8.per_cycle": np.array([256.0, 512.0]),
    "latency_s": np.array([0.1, 0.3]),
    "tokens": np.array([20.0, 40.0]),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("levels.sram.size_bytes + levels.dram.size_bytes <= 8MiB", [True, False]),
        ("levels.sram.size_bytes / 1 MiB", [1.0, 4.0]),
        ("rates.dense-int8.per_cycle - 6", [250.0, 506.0]),
        ("rates.dense-int8.per_cycle/256", [1.0, 2.0]),
        ("tokens-rates.dense-int8.per_cycle", [-236.0, -472.0]),
        ("latency_s < 200 ms", [True, False]),
        ("0.05 <= latency_s <= 0.2", [True, False]),
        ("latency_s < 0.2 or tokens > 30 and not latency_s > 1", [True, True]),
        ("-max(tokens, 30, latency_s) ** 2", [-900.0, -1600.0]),
        ("min(tokens, 30) + abs(-1) + sqrt(4) + log2(8)", [26.0, 36.0]),
        ("1GB/s * latency_s", [1e8, 3e8]),
        ("2 * (tokens + 1e1)", [60.0, 100.0]),
        ("tokens / 0", [np.inf, np.inf]),
    ],
)
def test_an_expression_is_its_value_at_every_point(text: str, expected: list[float]) -> None:
    assert parse_expression(text, VALUES)(VALUES).tolist() == expected


def test_a_constant_is_one_value_and_needs_nothing() -> None:
    found = parse_expression("2 * 1KiB", VALUES)
    assert found.names == ()
    assert float(found({})) == 2048.0


def test_it_says_what_it_needs() -> None:
    text = "latency_s * tokens + latency_s"
    assert parse_expression(text, VALUES).names == ("latency_s", "tokens")


@pytest.mark.parametrize(
    "text",
    [
        "levels.sram.size_bytes / 32 + rates.dense-int8.per_cycle <= 1e6",  # a proxy mixes what it likes
        "levels.sram.size_bytes / latency_s <= 8 MB/s",  # what it comes to is not said
        "total <= 8 MiB",
        "tokens * 2 ms >= latency_s",
    ],
)
def test_a_unit_is_checked_only_where_names_say_it(text: str) -> None:
    assert parse_expression(text, [*VALUES, "total"]).names


@pytest.mark.parametrize(
    ("text", "compares"),
    [
        ("latency_s <= 1", True),
        ("not latency_s <= 1 and (tokens > 3 or tokens < 1)", True),
        ("levels.sram.size_bytes", False),
        ("(latency_s <= 1) + 1", False),
        ("latency_s <= 1 and tokens", False),
    ],
)
def test_it_says_whether_it_compares(text: str, compares: bool) -> None:
    assert parse_expression(text, VALUES).is_true_or_false is compares


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("levels.srum.size_bytes <= 8MiB", "'levels.srum.size_bytes'; did you mean levels.sram.size_bytes"),
        ("latency <= 1", "'latency'; did you mean latency_s"),
        ("__import__('os')", "cannot be written here"),
        ("latency_s.__class__", "unknown quantity"),
        ("open(tokens)", "'open(tokens)' holds what cannot be written here"),
        ("[tokens]", "cannot be written here"),
        ("(lambda: tokens)()", "cannot be written here"),
        ("tokens if tokens else 1", "cannot be written here"),
        ("'text'", "cannot be written here"),
        ("tokens <=", "is no expression"),
        ("", "is no expression"),
        ("8 MiB tokens", "is no expression"),
        ("(" * 400, "is no expression"),
        ("levels.sram.size_bytes < 8 MB/s", "levels.sram.size_bytes is B, not B/s; write what it is"),
        ("1 s < 2 * levels.sram.size_bytes", "levels.sram.size_bytes is B, not s"),
        ("levels.sram.size_bytes + levels.dram.size_bytes <= 6 GHz", "levels.sram.size_bytes is B, not Hz"),
        ("latency_s - 3 MB > 0", "latency_s is s, not B"),
        ("rates.dense-int8.per_cycle <= 1 GHz", "rates.dense-int8.per_cycle is 1/cycle, not Hz"),
        ("quantity_7 <= 1", "no name may hold 'quantity_'"),
        ("1+" * 400, "an expression of 800 letters"),
    ],
)
def test_what_is_no_expression_is_one_line(text: str, message: str) -> None:
    with pytest.raises(EdgeAsrError) as caught:
        parse_expression(text, VALUES)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
