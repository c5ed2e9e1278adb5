"""Closed forms of the count, by hand."""

import pytest
from transformers import WhisperFeatureExtractor

from traces.counts import graph_macs, macs, rfft_multiplications
from traces.dims import Dim
from traces.graph import Convolution, Graph, Op, OpKind, Product, Rows
from traces.spectrogram import BINS, FILTERS_PER_BIN, log_mel


def op(kind: OpKind, extents: Product | Convolution | Rows, function: str = "f") -> Op:
    return Op("op", kind, "module", function, extents, (), ())


def test_a_product_counts_every_multiplication() -> None:
    extents = Product(Dim("2"), Dim.of("tokens"), Dim("5"), Dim("7"))
    assert macs(op(OpKind.WEIGHT_PRODUCT, extents)).at({"tokens": 3}) == 2 * 3 * 5 * 7


def test_a_grouped_convolution_sees_only_its_own_channels() -> None:
    extents = Convolution(
        Dim("2"), in_channels=8, out_channels=12, groups=4, kernel=(3, 5), stride=(1, 2),
        in_size=(Dim("10"), Dim("10")), out_size=(Dim("8"), Dim("3")),
    )  # fmt: skip
    assert macs(op(OpKind.CONVOLUTION, extents)).constant == 2 * 12 * 8 * 3 * (8 // 4) * 3 * 5


def test_what_walks_rows_has_none() -> None:
    rows = Rows(Dim("4"), Dim("5"))
    for kind in (OpKind.SOFTMAX, OpKind.NORMALISATION, OpKind.ELEMENTWISE, OpKind.GATHER, OpKind.LAYOUT):
        assert macs(op(kind, rows)).constant == 0


def test_the_fourier_transform_of_whisper() -> None:
    radix_4 = 50 * 3 * 4  # 50 butterflies over 200 points, 3 complex twiddles each
    radix_2 = 100 * 1 * 4
    radix_5 = 40 * (4 * 4 + 16)
    separation = 100 * 4
    assert rfft_multiplications(400) == radix_4 + radix_2 + 2 * radix_5 + separation == 3_960


def test_a_power_of_two_transform() -> None:
    # 8 = 4 * 2 points: 2 radix-4 butterflies of 3 twiddles, 4 radix-2 butterflies of 1, 4 to separate
    assert rfft_multiplications(16) == 2 * 3 * 4 + 4 * 4 + 4 * 4


def test_a_graph_is_the_sum_of_its_ops() -> None:
    graph = log_mel("whisper", frames=3_000, mels=80)
    assert isinstance(graph, Graph)
    assert graph_macs(graph).at({"batch": 2}) == 2 * 3_000 * (3_960 + 2 * 201)


@pytest.mark.parametrize("mels", [80, 128])
def test_a_bin_adds_to_two_mel_filters(mels: int) -> None:
    filters = WhisperFeatureExtractor(feature_size=mels).mel_filters
    assert filters.shape == (BINS, mels)
    per_bin = (filters != 0).sum(axis=1)
    assert per_bin.max() == FILTERS_PER_BIN
    assert per_bin.sum() > 0.95 * FILTERS_PER_BIN * BINS  # the first and last filters have no neighbour
