from pathlib import Path

import pytest

from hwmodels.chip import Chip
from hwmodels.chip_file import load_chip
from hwmodels.model import cost
from simulator.place import place
from tests.hwmodels.tables import attend, table
from traces.errors import EdgeAsrError

SRAM = "levels: {{sram: {{bandwidth_bytes_per_s: {{value: {value}, kind: derived, source: by a test}}}}}}\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text if "title" in text else f"inherit: npu-template\n{text}", encoding="utf-8")
    return path


def load(folder: Path, text: str) -> Chip:
    return load_chip(write(folder, text))


def number(text: str) -> str:
    return f"overheads:\n  per_op_s: {{{text}}}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("untis: {}\n", ["untis", "unknown key", "units"]),
        ("levels:\n  sram: {size_byte: 1}\n", ["levels.sram.size_byte", "size_bytes"]),
        (
            SRAM.format(value="3 MHz"),
            ["levels.sram.bandwidth_bytes_per_s.value", "3 MHz", "wrong unit", "GB/s"],
        ),
        (SRAM.format(value="fast"), ["levels.sram.bandwidth_bytes_per_s.value", "fast", "no number"]),
        (SRAM.format(value=".inf"), ["levels.sram.bandwidth_bytes_per_s.value", "inf", "finite"]),
        (
            "codec: {int8: {value: 0, kind: derived, source: by a test of chips}}\n",
            ["codec", "int8: 0 is not"],
        ),
        (
            "tiling: {max_n: {value: 0, kind: derived, source: by a test}}\n",
            ["tiling.max_n", "0 is not positive"],
        ),
        (SRAM.format(value=0), ["levels.sram.bandwidth_bytes_per_s", "0 is not positive"]),
        (SRAM.format(value=-1), ["levels.sram.bandwidth_bytes_per_s", "-1 is not positive"]),
        (SRAM.format(value=1), ["levels.dram.bandwidth_bytes_per_s", "nearer level sram"]),
        (
            number("value: 1 us, kind: assumed, source: a test of chips"),
            ["overheads.per_op_s", "needs a range"],
        ),
        (number("value: 1 us, kind: datasheet"), ["overheads.per_op_s.source", "missing"]),
        (
            number("value: 1 us, kind: guessed, source: a test of chips"),
            ["overheads.per_op_s.kind", "guessed"],
        ),
        (
            number("value: 1, kind: assumed, low: 2, high: 3, source: a test of chips"),
            ["per_op_s", "outside"],
        ),
        (number("value: -1, kind: derived, source: a test of chips"), ["overheads.per_op_s", "negative"]),
        ("rates:\n  depthwise: {unit: arry}\n", ["rates.depthwise.unit", "arry", "array"]),
        ("rates:\n  depthwise: {weight: int99}\n", ["rates.depthwise.weight", "int99"]),
        ("rates:\n  depthwise: {ops: [conv]}\n", ["rates.depthwise.ops", "conv"]),
        (
            "levels:\n  buffer: {size_bytes: {value: 512 B, kind: derived, source: by a test of chips}}\n",
            ["levels.buffer.size_bytes", "512 B", "rates.dense-int8", "enlarge"],
        ),
        (
            "units:\n  cpu: {kind: core, clock_hz: {value: 1 GHz, kind: derived, source: by a test}}\n",
            ["fallbacks.0", "no unit is of kind 'host'"],
        ),
        ("overlap: most\n", ["overlap", "most", "full"]),
        (
            "units:\n  array: {speed: {value: 0, kind: derived, source: by a test of chips}}\n",
            ["units.array.speed", "0 is not positive"],
        ),
        (
            "rates:\n  dense-int8: {lanes: {m: 4, m_inner: 3}}\n",
            ["rates.dense-int8.lanes", "m_inner", "of 3"],
        ),
        ("inherit: npu-templat\n", ["npu-templat", "npu-template"]),
        ("inherit: [a]\n", ["inherit", "no chip name"]),
        ("inherit: mine\n", ["inherit", "circle"]),
        ("sources: 3\n", ["sources"]),
        ("a: [\n", ["no valid YAML"]),
    ],
)
def test_a_mistake_is_answered_with_file_key_path_value_and_remedy(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        text if text.startswith("inherit") else f"inherit: npu-template\n{text}", encoding="utf-8"
    )
    with pytest.raises(EdgeAsrError) as caught:
        load_chip(path)
    message = str(caught.value)
    assert "\n" not in message
    assert "mine" in message
    for part in expected:
        assert part in message, message


def test_an_unknown_chip_offers_the_nearest() -> None:
    with pytest.raises(EdgeAsrError, match=r"did you mean .*ethos-u55"):
        load_chip("ethos-u55")


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(EdgeAsrError, match="cannot be read"):
        load_chip(tmp_path / "none.yaml")


def test_a_level_for_weights_is_needed(tmp_path: Path) -> None:
    text = "levels:\n  sram: {holds: [activations]}\n  dram: {holds: [activations, caches]}\n"
    with pytest.raises(EdgeAsrError, match="none holds weights"):
        load(tmp_path, text)


def test_a_missing_rate_names_chip_class_and_formats(tmp_path: Path) -> None:
    chip = load(tmp_path, "rates: {activation-product-int8: null, activation-product-int16: null}\n")
    ops = table(attend(1, 4, 4, 4))
    with pytest.raises(
        EdgeAsrError, match=r"mine: no rate and no fallback for activation_product of int8 x int8"
    ):
        cost(ops, place(ops, chip), chip)


def test_a_missing_energy_names_the_rate(tmp_path: Path) -> None:
    chip = load(tmp_path, "energy: {mac_j: {int8: null}}\n")
    ops = table(attend(1, 4, 4, 4))
    with pytest.raises(EdgeAsrError, match=r"activation-product-int8 computes in int8, but energy.mac_j"):
        cost(ops, place(ops, chip), chip)


def test_numbers_may_be_written_with_units_or_as_yaml_texts(tmp_path: Path) -> None:
    # PyYAML reads 200e6 as a text, for want of a sign in the exponent.
    text = (
        "units:\n  array: {kind: matrix, clock_hz: {value: 200e6, kind: derived, source: a test of chips}}\n"
    )
    chip = load(tmp_path, text + SRAM.format(value="10 GB/s"))
    assert chip.unit("array").clock_hz.value == 200e6
    assert dict(chip.quantities())["levels.sram.bandwidth_bytes_per_s"].value == 10e9
    assert dict(chip.quantities())["levels.sram.size_bytes"].value == 2 * 2**20
    assert dict(chip.quantities())["overheads.per_op_s"].value == 2e-6
    assert dict(chip.quantities())["levels.sram.energy_j_per_byte"].value == 2e-12


def test_an_array_of_lanes_has_its_rate_by_itself(tmp_path: Path) -> None:
    chip = load(tmp_path, "rates: {dense-int8: {lanes: {n: 32}, per_cycle: null}}\n")
    rate = dict(chip.quantities())["rates.dense-int8.per_cycle"]
    assert (rate.value, rate.kind) == (4 * 16 * 32, "derived")


def test_inheriting_keeps_what_is_not_written(tmp_path: Path) -> None:
    base, mine = load_chip("npu-template"), load(tmp_path, "title: Mine\ninherit: npu-template\n")
    assert mine.name == "mine"
    assert mine.title == "Mine"
    assert dict(mine.quantities()) == dict(base.quantities())
