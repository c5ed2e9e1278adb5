"""Cycles of Ethos-U against Vela 5.2.0 (estimates): the levels reached, and what Vela is known for."""

from statistics import median

import pytest

from hwmodels.chip_file import load_chip
from simulator.agreement.estimates import estimated_networks, estimated_ops
from simulator.agreement.product import product_graph
from simulator.agreement.summary import ALL, by_kind
from simulator.agreement.vela import (
    PRODUCTS,
    OpAgreement,
    cycles_of,
    layers,
    network_agreement,
    op_agreement,
    vela_chip,
)
from traces.formats import INT8_CHANNEL, Format
from traces.networks.store import Precision, load_network

CHIPS = ("ethos-u55-128", "ethos-u55-256", "ethos-u65-512", "ethos-u85-1024")
OPS = op_agreement()
NETWORKS = network_agreement()
TARGET = 0.15


def product(chip: str, op: str, weights: str = "int8") -> OpAgreement:
    return next(
        row for row in OPS if (row.chip, row.network, row.op, row.weights) == (chip, PRODUCTS, op, weights)
    )


def test_every_estimate_has_its_prediction() -> None:
    assert len(OPS) == len(estimated_ops()) == 316
    assert len(NETWORKS) == len(estimated_networks()) == 16
    assert {row.chip for row in OPS} == set(CHIPS)
    assert all(row.predicted_npu_cycles > 0 for row in OPS)


@pytest.mark.parametrize("chip", CHIPS)
def test_the_median_op_is_within_the_target(chip: str) -> None:
    everything = next(row for row in by_kind(OPS) if (row.chip, row.kind) == (chip, ALL))
    assert everything.npu_error <= TARGET
    assert everything.total_error is not None
    assert everything.total_error <= TARGET


@pytest.mark.parametrize("row", NETWORKS, ids=str)
def test_networks_are_within_the_target(row: object) -> None:
    assert isinstance(row, type(NETWORKS[0]))
    assert row.predicted_total_cycles == pytest.approx(row.vela_total_cycles, rel=TARGET)


@pytest.mark.parametrize("chip", CHIPS)
def test_poolings_are_a_little_faster_than_vela_has_them(chip: str) -> None:
    pooling = next(row for row in by_kind(OPS) if (row.chip, row.kind) == (chip, "pooling"))
    assert pooling.ops == 3
    assert -0.17 < pooling.npu_bias < -0.1


@pytest.mark.parametrize(
    ("chip", "npu_cycles"),
    [  # Vela 5.2.0: the global mean of 7 x 7 positions of 1,280 channels behind a convolution
        ("ethos-u55-128", 32_777),
        ("ethos-u55-256", 33_220),
        ("ethos-u65-512", 16_895),
        ("ethos-u85-256", 16_721),
        ("ethos-u85-1024", 16_339),
        ("ethos-u85-2048", 16_535),
    ],
)
def test_a_wide_pooling_takes_what_vela_says(chip: str, npu_cycles: float) -> None:
    found = cycles_of(load_network("efficientnet-b0", Precision.W8A8), load_chip(chip))
    names = [op.name for op in load_network("efficientnet-b0", Precision.W8A8).ops]
    assert found.npu[names.index("efficientnet.pooler/avg_pool")] == pytest.approx(npu_cycles, rel=0.06)


@pytest.mark.parametrize(
    ("chip", "npu_cycles", "total_cycles"),
    [("ethos-u55-128", 144e6, 144e6), ("ethos-u65-512", 84.7e6, 236.6e6), ("ethos-u85-1024", 426e3, 2.02e6)],
)
def test_products_of_activations_collapse_before_the_u85(
    chip: str, npu_cycles: float, total_cycles: float
) -> None:
    found = product(chip, "1500x64x1500", "")
    assert found.predicted_npu_cycles == pytest.approx(npu_cycles, rel=0.01)
    assert found.predicted_total_cycles == pytest.approx(total_cycles, rel=0.01)
    assert found.vela_total_cycles is not None
    assert found.predicted_total_cycles == pytest.approx(found.vela_total_cycles, rel=0.17)


@pytest.mark.parametrize("chip", ["ethos-u55-128", "ethos-u65-512"])
def test_narrow_weights_shorten_steps_and_no_encoder_product(chip: str) -> None:
    wide, narrow, ternary = (product(chip, "1x384x51865", weights) for weights in ("int8", "int4", "ternary"))
    for row in (wide, narrow, ternary):
        assert row.vela_total_cycles is not None
        assert row.predicted_total_cycles == pytest.approx(row.vela_total_cycles, rel=TARGET)
    assert narrow.predicted_total_cycles == pytest.approx(wide.predicted_total_cycles / 2, rel=0.03)
    assert ternary.predicted_total_cycles < 0.3 * wide.predicted_total_cycles
    many = [product(chip, "1500x384x1536", weights).predicted_total_cycles for weights in ("int8", "ternary")]
    assert many[1] == pytest.approx(many[0], rel=0.02)


@pytest.mark.parametrize(
    ("bits", "coded"),
    [(2, 0.2502), (3, 0.3752), (4, 0.5002), (5, 0.6253), (6, 0.8106), (7, 0.8751), (8, 1.0)],
)
def test_the_codec_takes_what_the_coder_took_of_random_weights(bits: int, coded: float) -> None:
    codec = {entry.name: entry.amount.value for entry in load_chip("ethos-u55-128").codec}
    assert codec[f"int{bits}"] == pytest.approx(coded, rel=0.01)


@pytest.mark.parametrize(
    ("chip", "extents", "npu_cycles", "ratio"),
    [  # Vela 5.2.0 on single products of shapes that no number of the chips was taken from
        ("ethos-u55-128", (166, 288, 288), 115_918, 0.94),
        ("ethos-u55-256", (1500, 384, 384), 931_204, 0.93),
        ("ethos-u55-256", (1, 384, 1536), 75_451, 0.98),
        ("ethos-u65-512", (166, 288, 288), 37_901, 0.75),
        ("ethos-u85-1024", (166, 288, 288), 26_650, 0.61),
    ],
)
def test_other_products_reach_this_level(
    chip: str, extents: tuple[int, int, int], npu_cycles: float, ratio: float
) -> None:
    found = cycles_of(product_graph(*extents, weight=INT8_CHANNEL), vela_chip(chip))
    assert found.npu[0] / npu_cycles == pytest.approx(ratio, abs=0.03)


def test_layers_know_their_macs() -> None:
    found = layers("mlperf-tiny-ic")
    assert sum(layer.macs for layer in found) == 12_501_632
    assert [layer.name for layer in found if layer.adds] == [
        "2.second.0/conv2d",
        "3.shortcut/conv2d",
        "4.shortcut/conv2d",
    ]


def test_reading_pixels_as_vela_does_only_changes_how_images_enter() -> None:
    plain, as_vela = load_chip("ethos-u65-512"), vela_chip("ethos-u65-512")
    wide = product_graph(64, 64, 64, weight=Format.parse("int8_channel"))
    assert cycles_of(wide, plain).total[0] == cycles_of(wide, as_vela).total[0]
    errors = [abs(row.predicted_npu_cycles / row.vela_npu_cycles - 1) for row in OPS if row.vela_npu_cycles]
    assert median(errors) <= TARGET
