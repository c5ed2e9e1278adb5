import re

import pytest

from hwmodels.chip import Chip
from hwmodels.chip_file import chip_names, load_chip
from hwmodels.energy import running_power_w
from hwmodels.op_table import PRODUCTS, OpClass
from hwmodels.quantity import KINDS, NOMINAL, RANGED_KINDS, Quantity
from hwmodels.rate_choice import choose
from hwmodels.units import unit_symbol
from traces.formats import FLOAT16, FLOAT32, INT8_CHANNEL, Format

WEIGHTS = (
    FLOAT16,
    FLOAT32,
    *(Format.parse(f"int{bits}_{shared}") for bits in range(2, 17) for shared in ("channel", "g32")),
)
WITHOUT_INT8 = ("eyeriss-v1",)
"""Chips whose arithmetic is wider: int8 is stored and computed as int16."""
ACTIVATIONS = (FLOAT16, FLOAT32, *(Format.parse(f"int{bits}_token") for bits in range(2, 17)))


@pytest.fixture(params=chip_names())
def chip(request: pytest.FixtureRequest) -> Chip:
    return load_chip(str(request.param))


def test_the_library_has_every_family_and_hypothetical_chips() -> None:
    chips = [load_chip(name) for name in chip_names()]
    assert {chip.family for chip in chips} == {"npu", "mcu", "dsp", "cpu"}
    assert len([chip for chip in chips if not chip.hypothetical]) >= 30
    assert len([chip for chip in chips if chip.hypothetical]) >= 2


def test_every_number_has_a_source_that_can_be_read_without_a_key(chip: Chip) -> None:
    for path, number in chip.quantities():
        assert len(number.source) >= 8, path
        assert not re.fullmatch(r"\[?S\d+\w?\]?", number.source), path
        assert number.kind in KINDS, path


def test_assumed_and_fitted_numbers_carry_a_range(chip: Chip) -> None:
    for path, number in chip.quantities():
        assert number.low <= number.value <= number.high, path
        if number.kind in RANGED_KINDS:
            assert number.low < number.high or number.value == 0, path


RUNNING_W = {
    "nucleo-l4r5zi": 43e-3,
    "nucleo-u575zi": 23.2e-3,
    "nucleo-u385rg": 5.28e-3,
    "nucleo-h7a3zi": 125e-3,
    "xg24": 10.2e-3,
    "gap9": 22e-3,
    "gap9-0v8": 48.5e-3,
    "ndp120": 14.8e-3,
    "ndp120-0v9": 3.7e-3,
}
"""What boards draw while they compute, beside MACs, as measured or fitted."""


@pytest.mark.parametrize("name", RUNNING_W)
def test_what_is_static_and_what_goes_with_the_clock_is_the_power_of_the_board(name: str) -> None:
    board = load_chip(name)
    low_w, power_w, high_w = running_power_w(board).ravel()
    assert power_w == pytest.approx(RUNNING_W[name], rel=1e-3)
    assert 0 < board.energy.static_power_w.value < 0.3 * power_w
    assert 0.7 * power_w < low_w < power_w < high_w < 2 * power_w


@pytest.mark.parametrize("name", [name for name in chip_names() if not name.startswith("hexagon-htp")])
def test_a_clock_twice_as_fast_draws_more_but_not_twice_as_much(name: str) -> None:
    slow = load_chip(name)
    unit = slow.units[0]
    twice = Quantity.exact(2 * unit.clock_hz.value, "assumed", "twice as fast, for a test")
    fast = slow.with_quantity(f"units.{unit.name}.clock_hz", twice)
    ratio = running_power_w(fast)[NOMINAL] / running_power_w(slow)[NOMINAL]
    assert 1.4 < ratio.item() < 2


@pytest.mark.parametrize(("low", "high"), [("gap9", "gap9-0v8"), ("ndp120-0v9", "ndp120")])
def test_two_voltages_of_one_chip_differ_by_their_square_in_both_powers(low: str, high: str) -> None:
    ratios = []
    for path in ("energy.static_power_w", "energy.clock_j"):
        slow, fast = (dict(load_chip(name).quantities())[path].value for name in (low, high))
        ratios.append(fast / slow)
    volts = {"gap9": 0.8 / 0.65, "ndp120-0v9": 1.1 / 0.9}[low]
    assert ratios == pytest.approx([volts**2] * 2, rel=0.01)


def test_datasheet_and_measured_numbers_do_not_pretend_to_be_guesses(chip: Chip) -> None:
    for path, number in chip.quantities():
        if number.kind in ("datasheet", "measured"):
            assert not number.source.startswith("assumed"), path


def test_paths_name_one_number_each_and_carry_units(chip: Chip) -> None:
    paths = [path for path, _ in chip.quantities()]
    assert len(set(paths)) == len(paths)
    assert unit_symbol(f"levels.{chip.levels[-1].name}.bandwidth_bytes_per_s") == "B/s"
    for path in paths:
        assert unit_symbol(path) or re.search(
            r"partial_write_factor|short_read_factor|matvec_share|results_at_once|issue_share|max_n|rows_per_pass|codec|speed|generation",
            path,
        ), path


def test_every_class_in_every_format_has_a_rate_or_a_reasoned_fallback(chip: Chip) -> None:
    for op in OpClass:
        weights = WEIGHTS if op in (OpClass.DENSE, OpClass.DEPTHWISE, OpClass.MATVEC) else (None,)
        for weight in ACTIVATIONS if op is OpClass.ACTIVATION_PRODUCT else weights:
            for activation in ACTIVATIONS:
                for window in (1, 40):
                    choice = choose(chip, op, weight=weight, activation=activation, window=window)
                    assert op in choice.rate.ops
                    exact = choice.rate.activation in ("", f"{activation.kind}{activation.bits}")
                    assert exact or choice.note, (op, weight, activation, window)


def test_int8_products_with_weights_run_on_the_chip_itself(chip: Chip) -> None:
    for op in PRODUCTS:
        choice = choose(chip, op, weight=INT8_CHANNEL, activation=Format.parse("int8_token"))
        native = chip.unit(choice.rate.unit).kind != "host" and not choice.note
        assert native or chip.name in WITHOUT_INT8 or (op is OpClass.ACTIVATION_PRODUCT and choice.note)


def test_a_number_can_be_replaced_by_its_path(chip: Chip) -> None:
    for path, number in chip.quantities():
        changed = chip.with_quantity(path, number.exact(number.value + 1, "assumed", "set by a test"))
        assert dict(changed.quantities())[path].value == number.value + 1
        others = {other: value for other, value in changed.quantities() if other != path}
        assert others == {other: value for other, value in chip.quantities() if other != path}
