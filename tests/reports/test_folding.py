from reports.data import LayerRow, Part
from reports.folding import folded, short_layer, value_of


def row(layer: str, latency_s: float, *, phase: str = "encode", kind: str = "weight_product") -> LayerRow:
    return LayerRow(
        "m", "r", "c", phase, layer, kind, 2, latency_s, (Part("compute", latency_s),), 2 * latency_s,
        (Part("mac", 2 * latency_s),), 10.0, (Part("sram", 5.0),), 0.5, "compute", f"unit of {latency_s}", "",
    )  # fmt: skip


def test_kinds_of_one_layer_are_summed() -> None:
    (merged,) = folded((row("a", 1.0), row("a", 3.0, kind="softmax")), most=5)
    assert (merged.latency_s, merged.energy_j, merged.n_ops, merged.macs) == (4.0, 8.0, 4, 20.0)
    assert merged.latency_terms_s == (Part("compute", 4.0),)
    assert merged.level_bytes == (Part("sram", 10.0),)
    assert merged.unit == "unit of 3.0"


def test_phases_stay_apart() -> None:
    assert len(folded((row("a", 1.0), row("a", 1.0, phase="decode")), most=5)) == 2


def test_the_smallest_are_summed_and_order_is_kept() -> None:
    rows = tuple(row(name, latency_s) for name, latency_s in (("a", 1.0), ("b", 9.0), ("c", 2.0), ("d", 8.0)))
    shown = folded(rows, most=3)
    assert [found.layer for found in shown] == ["b", "d", "2 other layers"]
    assert sum(found.latency_s for found in shown) == 20.0


def test_layers_are_shortened() -> None:
    assert short_layer(row("encoder.layers.3.self_attn", 1.0)) == "enc 3 self_attn"
    assert short_layer(row("model.decoder.layer_norm", 1.0)) == "dec layer_norm"
    assert short_layer(row("", 1.0, phase="frontend")) == "frontend"


def test_a_missing_part_is_zero() -> None:
    assert value_of((Part("sram", 2.0),), "flash") == 0.0
