"""Changes sum to the difference of the totals, come largest first, and name the term that changed."""

from typing import Any

import pytest

from reports.data import Part
from reports.diff.explain import STARTING, changes, total
from reports.diff.load import load_sides
from reports.diff.side import Combination, LayerCost, Side, gathered

MINUS, GAP = "\N{MINUS SIGN}", "\N{NO-BREAK SPACE}"
WHAT = Combination("a-model", "a-recipe", "a-chip")


def layer(name: str, latency_s: float, *, dram_s: float = 0.0, **changes: Any) -> LayerCost:
    values: dict[str, Any] = {
        "phase": "encode", "layers": name, "kind": "weight_product", "latency_s": latency_s,
        "latency_terms_s": (Part("compute", latency_s - dram_s), Part("dram", dram_s)),
        "energy_j": 2 * latency_s, "energy_terms_j": (Part("mac", 2 * latency_s),),
        "macs": 100.0, "level_bytes": (Part("dram", 8.0),), "notes": (),
    }  # fmt: skip
    return LayerCost(**{**values, **changes})


def side(*layers: LayerCost, start_s: float = 0.0, wer: float | None = None) -> Side:
    latency_s = sum(row.latency_s for row in layers) + start_s
    return Side(WHAT, layers, latency_s, 2 * latency_s, wer)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("whisper-micro,ethos-u85-1024,w8a8", "whisper-micro,ethos-u85-1024,w4a8-g32"),
        ("whisper-micro,hexagon-htp-v75", "whisper-micro,nucleo-h7a3zi"),
        ("whisper-micro,hexagon-htp-v75,w8a8", "moonshine-micro,hexagon-htp-v75,w8a8"),
    ],
)
def test_changes_sum_to_the_difference_of_the_totals(first: str, second: str) -> None:
    sides = [load_sides(word, audio_s=3.0, tokens=8)[0] for word in (first, second)]
    rows, whole = changes(*sides), total(*sides)
    assert sum(row.latency_change_s for row in rows) == pytest.approx(whole.latency_change_s)
    assert sum(row.energy_change_j for row in rows) == pytest.approx(whole.energy_change_j)
    sizes = [abs(row.latency_change_s) for row in rows]
    assert sizes == sorted(sizes, reverse=True)
    assert all(row.because for row in rows if row.layers != STARTING)


def test_the_order_may_be_that_of_energy() -> None:
    first = side(layer("quick", 1.0, energy_j=10.0), layer("slow", 2.0, energy_j=1.0))
    second = side(layer("quick", 1.5, energy_j=20.0), layer("slow", 4.0, energy_j=1.5))
    assert [row.layers for row in changes(first, second)][:2] == ["slow", "quick"]
    by_energy = [row.layers for row in changes(first, second, of_energy=True) if row.layers != STARTING]
    assert by_energy == ["quick", "slow"]


def test_two_equal_sides_have_no_changes() -> None:
    same = side(layer("fc1", 1.0), start_s=0.1)
    assert changes(same, same) == ()


def test_the_term_that_changed_is_named_with_its_sign() -> None:
    first, second = side(layer("fc1", 1.0, dram_s=0.5)), side(layer("fc1", 0.75, dram_s=0.25))
    (row,) = changes(first, second)
    assert row.because == f"dram {MINUS}250{GAP}ms"
    (back,) = changes(second, first)
    assert back.because == f"dram +250{GAP}ms"


def test_a_small_change_of_a_term_goes_without_saying() -> None:
    first = side(layer("fc1", 1.0, dram_s=0.5))
    (row,) = changes(first, side(layer("fc1", 1.0 + 0.301, dram_s=0.5 + 0.3)))
    assert row.because == f"dram +300{GAP}ms"


def test_what_is_done_otherwise_is_told() -> None:
    first = side(layer("fc1", 1.0, notes=("cast up",)))
    (row,) = changes(first, side(layer("fc1", 1.5, macs=200.0, notes=("on the host",))))
    assert row.because == f"compute +500{GAP}ms; 2 times the MACs; now: on the host; no longer: cast up"


def test_layers_of_one_side_alone() -> None:
    rows = {row.layers: row for row in changes(side(layer("old", 1.0)), side(layer("new", 2.0)))}
    assert rows["old"].because == "only in the first"
    assert rows["new"].because == "only in the second"
    assert rows["old"].latency_change_s == -1.0


def test_starting_is_a_row_of_its_own() -> None:
    (row,) = changes(side(layer("fc1", 1.0)), side(layer("fc1", 1.0), start_s=0.25))
    assert (row.layers, row.latency_change_s) == (STARTING, 0.25)


def test_word_error_rates_are_compared_where_both_are_known() -> None:
    known, unknown = side(layer("fc1", 1.0), wer=0.10), side(layer("fc1", 1.0))
    assert total(known, side(layer("fc1", 1.0), wer=0.12)).wer_difference == pytest.approx(0.02)
    assert total(known, unknown).wer_difference is None


def test_numbered_layers_are_one_row() -> None:
    (row,) = gathered([layer("encoder.layers.0.fc1", 1.0), layer("encoder.layers.1.fc1", 2.0)])
    assert row.layers == "encoder.layers.*.fc1"
    assert (row.latency_s, row.macs) == (3.0, 200.0)
