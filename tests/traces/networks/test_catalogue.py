"""Stored networks: their multiply-accumulates against those published and against closed forms."""

import re
import sys

import pytest

from traces.counts import graph_macs
from traces.errors import EdgeAsrError
from traces.graph import OpKind, Role, check
from traces.networks.catalogue import NETWORKS
from traces.networks.rebuild import rebuild
from traces.networks.store import STORED, Precision, load_network
from traces.networks.tiny import VWW_LIVE_WIDTHS, VWW_STRIDES, VWW_WIDTHS
from traces.store import SUFFIX

PUBLISHED = {name: network.macs for name, network in NETWORKS.items() if network.macs is not None}


def counted(name: str) -> int:
    return int(graph_macs(load_network(name)).at({}))


def half_of_the_last_digit(published: float) -> float:
    digits = re.sub(r"0+$", "", f"{published:.0f}")
    return 0.5 * 10.0 ** (len(f"{published:.0f}") - len(digits))


@pytest.mark.parametrize(("name", "published"), PUBLISHED.items())
def test_macs_are_those_published(name: str, published: float) -> None:
    # Rounded as published; LeViT and the autoencoder were cut, not rounded.
    assert counted(name) == pytest.approx(published, abs=1.01 * half_of_the_last_digit(published), rel=2e-3)


def encoder_macs(tokens: int, d: int, ffn: int, layers: int) -> int:
    return layers * (4 * tokens * d * d + 2 * tokens * tokens * d + 2 * tokens * d * ffn)


def masked_head(d: int, vocabulary: int, tokens: int = 384) -> int:
    return tokens * (d * d + d * vocabulary)


def step_macs(d: int, ffn: int, layers: int, vocabulary: int, *, past: int, encoded: int) -> int:
    attention = 6 * d * d + 2 * (past + 1) * d + 2 * encoded * d
    return layers * (attention + 2 * d * ffn) + d * vocabulary


def cross_kv(tokens: int, encoder: int, decoder: int) -> int:
    return 6 * 2 * tokens * encoder * decoder


def mobilebert_macs(tokens: int = 384) -> int:
    d, inner, ffn, vocabulary = 512, 128, 512, 30_522
    bottleneck = 2 * d * inner + inner * d
    attention = inner * inner + inner * inner + d * inner + inner * inner + 2 * tokens * inner
    layer = bottleneck + attention + 4 * 2 * inner * ffn
    embedding = 3 * 128 * d
    return tokens * (embedding + 24 * layer + d * d + d * vocabulary)


def depth_neck_and_head(patches: int = 37) -> int:
    """Reassembling to four scales of 37 patches, fusing them from the coarsest, and the head."""
    scales = (19, patches, 2 * patches, 4 * patches)
    resize = 48 * 48 * 16 + 96 * 96 * 4
    reassembled = patches**2 * (384 * (48 + 96 + 192 + 384) + resize) + 19**2 * 9 * 384 * 384
    neck = 9 * 64 * sum(size**2 * c for size, c in zip(scales, (384, 192, 96, 48), strict=True))
    units = 9 * 64 * 64 * (2 * scales[0] ** 2 + 4 * sum(size**2 for size in scales[1:]))
    projections = 64 * 64 * sum(size**2 for size in (*scales[1:], 8 * patches))
    head = (8 * patches) ** 2 * 9 * 64 * 32 + (14 * patches) ** 2 * (9 * 32 * 32 + 32)
    return reassembled + neck + units + projections + head


BASE = encoder_macs(384, 768, 3072, 12)
DEIT_SMALL = encoder_macs(578, 384, 1536, 12) + 576 * 3 * 16 * 16 * 384
CLIP = (
    encoder_macs(197, 768, 3072, 12) + 196 * 3 * 16 * 16 * 768 + 768 * 512
    + encoder_macs(77, 512, 2048, 12) + 512 * 512
)  # fmt: skip


def separable_macs(widths: tuple[int, ...], strides: tuple[int, ...]) -> int:
    side, width = 48, 8
    macs = side**2 * 27 * width
    for outputs, stride in zip(widths, strides, strict=True):
        side //= stride
        macs, width = macs + side**2 * width * (9 + outputs), outputs
    return macs + 2 * width


def bottlenecks(inputs: int, width: int, *, blocks: int, before: int, size: int) -> int:
    """A stage of ResNet-50 whose first block shrinks from `before` to `size` in its 3x3."""
    outputs, inner = 4 * width, 9 * width**2 + 4 * width**2
    first = before**2 * inputs * width + size**2 * (inner + inputs * outputs)
    return first + (blocks - 1) * size**2 * (outputs * width + inner)


def fcn_macs() -> int:
    """A ResNet-50 whose last two stages dilate, and a head of 21 classes, on 520x520."""
    stages = (
        bottlenecks(64, 64, blocks=3, before=130, size=130)
        + bottlenecks(256, 128, blocks=4, before=130, size=65)
        + bottlenecks(512, 256, blocks=6, before=65, size=65)
        + bottlenecks(1024, 512, blocks=3, before=65, size=65)
    )
    return 260**2 * 147 * 64 + stages + 65**2 * (9 * 2048 * 512 + 512 * 21)


def detr_macs(backbone: str) -> int:
    """The convolutions on 640x640, and six layers each over 20x20 positions and 100 queries."""
    convolutions = (counted(backbone) - 2048 * 1000) * 20**2 // 7**2
    n, queries, d, ffn = 20**2, 100, 256, 2048
    own = 4 * queries * d * d + 2 * queries**2 * d
    across = 2 * (queries + n) * d * d + 2 * queries * n * d
    known_beforehand = own + queries * d * d  # what the first layer makes of its queries alone is folded
    decoder = 6 * (own + across + 2 * queries * d * ffn) - known_beforehand
    heads = queries * (d * 92 + 2 * d * d + 4 * d)
    return convolutions + n * 2048 * d + encoder_macs(n, d, ffn, 6) + decoder + heads


def inception_macs() -> int:
    """The blocks A to E of Inception v3 on 224x224, in channels of 25x25, 12x12 and 5x5 positions."""
    stem = 111**2 * 27 * 32 + 109**2 * (9 * 32 * 32 + 9 * 32 * 64) + 54**2 * 64 * 80 + 52**2 * 9 * 80 * 192
    a = sum(
        inputs * (64 + 48 + 64 + pool) + 25 * 48 * 64 + 9 * (64 * 96 + 96 * 96)
        for inputs, pool in ((192, 32), (256, 64), (288, 64))
    )
    b = 25**2 * (288 * 64 + 9 * 64 * 96) + 12**2 * 9 * (288 * 384 + 96 * 96)
    c = sum(
        768 * (192 + 192 + 2 * width) + 7 * (4 * width**2 + 2 * width * 192) for width in (128, 160, 160, 192)
    )
    d = 12**2 * (2 * 768 * 192 + 14 * 192**2) + 5**2 * 9 * (192 * 320 + 192 * 192)
    e = sum(
        inputs * (320 + 384 + 448 + 192) + 6 * 384**2 + 9 * 448 * 384 + 6 * 384**2 for inputs in (1280, 2048)
    )
    return stem + 25**2 * a + b + 12**2 * c + d + 5**2 * e + 2048 * 1000


Stage = tuple[int, int, int, int, int]
"""Blocks, channels, kernel, expansion and the side of the image behind it."""


def inverted_macs(inputs: int, side: int, *stages: Stage) -> int:
    """Blocks that widen, convolve depthwise, squeeze to a quarter of their input and narrow."""
    macs = 0
    for blocks, outputs, kernel, expansion, after in stages:
        for _ in range(blocks):
            wide = inputs * expansion
            widen = side**2 * inputs * wide if expansion > 1 else 0
            squeeze = 2 * wide * (inputs // 4)
            macs += widen + after**2 * wide * (kernel**2 + outputs) + squeeze
            inputs, side = outputs, after
    return macs


def fused_macs(inputs: int, *stages: Stage) -> int:
    """Blocks whose first convolution is dense; without expansion they have no second."""
    macs = 0
    for blocks, outputs, kernel, expansion, after in stages:
        for _ in range(blocks):
            wide = inputs * expansion if expansion > 1 else outputs
            macs += after**2 * wide * (inputs * kernel**2 + (outputs if expansion > 1 else 0))
            inputs = outputs
    return macs


B4_STAGES = (
    (2, 24, 3, 1, 112), (4, 32, 3, 6, 56), (4, 56, 5, 6, 28), (6, 112, 3, 6, 14), (6, 160, 5, 6, 14),
    (8, 272, 5, 6, 7), (2, 448, 3, 6, 7),
)  # fmt: skip
V2_FUSED_STAGES = ((2, 24, 3, 1, 112), (4, 48, 3, 4, 56), (4, 64, 3, 4, 28))
V2_STAGES = ((6, 128, 3, 4, 14), (9, 160, 3, 6, 14), (15, 256, 3, 6, 7))

CLOSED_FORMS = {
    "efficientnet-b4": 112**2 * 27 * 48
    + inverted_macs(48, 112, *B4_STAGES)
    + 7**2 * 448 * 1792
    + 1792 * 1000,
    "efficientnet-v2-s": 112**2 * 27 * 24
    + fused_macs(24, *V2_FUSED_STAGES)
    + inverted_macs(64, 28, *V2_STAGES)
    + 7**2 * 256 * 1280
    + 1280 * 1000,
    "inception-v3": inception_macs(),
    "fcn-resnet-50": fcn_macs(),
    "detr-resnet-50": detr_macs("resnet-50"),
    "detr-resnet-101": detr_macs("resnet-101"),
    "mlperf-tiny-vww-live": separable_macs(VWW_LIVE_WIDTHS, VWW_STRIDES),
    "bert-base": BASE + masked_head(768, 30_522),
    "distilbert-base": encoder_macs(384, 768, 3072, 6) + masked_head(768, 30_522),
    "albert-base-v2": BASE + 384 * (128 * 768 + 768 * 128 + 128 * 30_000),
    "electra-base": BASE + 384 * (768 * 768 + 768),
    "mobilebert": mobilebert_macs(),
    "nomic-embed": 12 * (128 * (4 * 768 + 3 * 3072) * 768 + 2 * 128 * 128 * 768),
    "clip-vit-l-text": encoder_macs(77, 768, 3072, 12),
    "openclip-vit-h-text": encoder_macs(77, 1024, 4096, 23),
    "depth-anything-small": encoder_macs(1370, 384, 1536, 12)
    + 1369 * 3 * 14 * 14 * 384
    + depth_neck_and_head(),
    "opus-mt-encoder": encoder_macs(256, 512, 2048, 6) + cross_kv(256, 512, 512),
    "opus-mt-decoder": step_macs(512, 2048, 6, 65_001, past=255, encoded=256),
    "trocr-small-encoder": DEIT_SMALL + cross_kv(578, 384, 256),
    "trocr-small-decoder": step_macs(256, 1024, 6, 64_044, past=19, encoded=578),
    "clip-vit-b-16": CLIP,
}


@pytest.mark.parametrize(("name", "macs"), CLOSED_FORMS.items())
def test_macs_without_a_published_count_equal_the_closed_form(name: str, macs: int) -> None:
    assert counted(name) == macs


def test_dead_channels_are_half_of_the_detectors_work() -> None:
    assert counted("mlperf-tiny-vww") == separable_macs(VWW_WIDTHS, VWW_STRIDES)
    assert all(live <= width for live, width in zip(VWW_LIVE_WIDTHS, VWW_WIDTHS, strict=True))
    assert counted("mlperf-tiny-vww-live") / counted("mlperf-tiny-vww") == pytest.approx(0.53, abs=0.01)


def test_every_network_is_checked_one_way_or_the_other() -> None:
    assert set(PUBLISHED) | set(CLOSED_FORMS) == set(NETWORKS)
    assert {path.name.removesuffix(SUFFIX) for path in STORED.iterdir()} == set(NETWORKS)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_stored_graph_is_sound_and_of_fixed_size(name: str) -> None:
    graph = load_network(name)
    check(graph)
    assert graph.symbols == frozenset()
    assert graph.outputs


@pytest.mark.parametrize("name", ["resnet-18", "mlperf-tiny-kws", "trocr-small-decoder", "detr-resnet-50"])
def test_rebuilding_gives_the_stored_bytes(name: str) -> None:
    assert rebuild(name) == (STORED / f"{name}{SUFFIX}").read_bytes()


@pytest.mark.parametrize("name", ["mobilenet-v3-small", "fcn-resnet-50", "resnet-3d"])
def test_rebuilding_from_torchvision_gives_the_stored_bytes(name: str) -> None:
    pytest.importorskip("torchvision", reason="the extra 'networks' is not installed")
    assert rebuild(name) == (STORED / f"{name}{SUFFIX}").read_bytes()


def test_without_torchvision_its_networks_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(EdgeAsrError, match=r"pip install 'edgeasr\[networks\]'"):
        rebuild("googlenet")


@pytest.mark.parametrize("name", ["resnet-50", "regnet-y-800mf", "mobilenet-v2", "mlperf-tiny-ad"])
def test_no_batch_norm_behind_a_layer_with_weights_is_left(name: str) -> None:
    graph = load_network(name)
    assert not [op.name for op in graph.ops if op.kind is OpKind.NORMALISATION]
    weighted = [op for op in graph.ops if op.kind in (OpKind.CONVOLUTION, OpKind.WEIGHT_PRODUCT)]
    assert all(any(item.function == "bias" for item in op.epilogues) for op in weighted)


@pytest.mark.parametrize(
    ("precision", "weight_bits", "activation_bits"),
    [(Precision.FLOAT, 16, 16), (Precision.W8A8, 8, 8), (Precision.W8A16, 8, 16)],
)
def test_a_precision_leaves_no_tensor_out(
    precision: Precision, weight_bits: int, activation_bits: int
) -> None:
    graph = load_network("vit-base", precision)
    for tensor in graph.tensors:
        assert tensor.format.bits == (weight_bits if tensor.role is Role.WEIGHT else activation_bits)
        assert tensor.format.is_float == (precision is Precision.FLOAT)
    formats = {tensor.name: tensor.format for tensor in graph.tensors}
    assert all(item.format == formats[item.tensor] for op in graph.ops for item in op.reads)


def test_an_unknown_network_offers_the_nearest() -> None:
    with pytest.raises(EdgeAsrError, match="unknown network 'resnet50'; did you mean resnet-50"):
        load_network("resnet50")
