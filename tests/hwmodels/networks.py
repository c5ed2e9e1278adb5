"""Whole networks as tables by hand: those whose latency was published for chips of the library."""

from functools import partial

from hwmodels.op_table import OpClass, OpTable
from tests.hwmodels.tables import Row, attend, conv, dense, depthwise, table, vector
from traces.formats import FLOAT16, INT8_CHANNEL, INT8_TENSOR, Format
from traces.networks.tiny import VWW_LIVE_WIDTHS, VWW_STRIDES, VWW_WIDTHS


def resnet8() -> OpTable:
    """MLPerf Tiny `ic`: 32x32x3, 12.5 M MACs."""
    rows = [conv(32, 3, 16)]
    size, channels = 32, 16
    for out, stride in ((16, 1), (32, 2), (64, 2)):
        rows += [conv(size, channels, out, stride=stride), conv(size // stride, out, out)]
        if stride > 1:
            rows.append(conv(size, channels, out, kernel=1, stride=stride))
        size, channels = size // stride, out
        rows.append(vector(OpClass.ELEMENTWISE, size**2, out, 1, INT8_TENSOR))
    rows += [vector(OpClass.ELEMENTWISE, 64, 64, 1, INT8_TENSOR), dense(1, 64, 10)]
    return table(*rows)


def mobilenet_quarter(widths: tuple[int, ...] = VWW_WIDTHS) -> OpTable:
    """MLPerf Tiny `vww`: MobileNetV1 0.25 on 96x96x3, 7.49 M MACs; fewer with other widths."""
    rows = [conv(96, 3, 8, stride=2)]
    size, channels = 48, 8
    for out, stride in zip(widths, VWW_STRIDES, strict=True):
        rows.append(depthwise(size, channels, stride=stride))
        size //= stride
        rows.append(conv(size, channels, out, kernel=1))
        channels = out
    rows += [vector(OpClass.ELEMENTWISE, 9, channels, 1, INT8_TENSOR), dense(1, channels, 2)]
    return table(*rows)


def live_mobilenet_quarter() -> OpTable:
    """That without the channels whose weights are all zero, as some compilers run it."""
    return mobilenet_quarter(VWW_LIVE_WIDTHS)


def resnet50(weight: Format = INT8_CHANNEL, activation: Format = INT8_TENSOR, *, widen: int = 1) -> OpTable:
    """224x224x3, 4.09 G MACs; `widen` multiplies the inner width of every block (2: Wide ResNet-50-2)."""
    convolve = partial(conv, weight=weight, activation=activation)
    rows: list[Row] = [convolve(224, 3, 64, kernel=7, stride=2)]
    size, channels = 56, 64
    for blocks, out, first in ((3, 256, 1), (4, 512, 2), (6, 1024, 2), (3, 2048, 2)):
        width = out // 4 * widen
        for block in range(blocks):
            stride = first if block == 0 else 1
            rows += [
                convolve(size, channels, width, kernel=1),
                convolve(size, width, width, stride=stride),
                convolve(size // stride, width, out, kernel=1),
            ]
            if block == 0:
                rows.append(convolve(size, channels, out, kernel=1, stride=stride))
            size, channels = size // stride, out
            rows.append(vector(OpClass.ELEMENTWISE, size**2, channels, 1, activation))
    rows.append(dense(1, 2048, 1000, weight, activation))
    return table(*rows)


def transformer(
    tokens: int, *, weight: Format = FLOAT16, activation: Format = FLOAT16, layers: int = 12, width: int = 768
) -> OpTable:
    """An encoder of BERT's or ViT's base shape."""
    heads = width // 64
    layer = [
        *[dense(tokens, width, width, weight, activation)] * 3,
        attend(heads, tokens, 64, tokens, activation),
        vector(OpClass.SOFTMAX, heads * tokens, tokens, 4, activation),
        attend(heads, tokens, tokens, 64, activation),
        dense(tokens, width, width, weight, activation),
        vector(OpClass.NORMALISATION, tokens, width, 5, activation),
        dense(tokens, width, 4 * width, weight, activation),
        vector(OpClass.ELEMENTWISE, tokens, 4 * width, 2, activation),
        dense(tokens, 4 * width, width, weight, activation),
        vector(OpClass.NORMALISATION, tokens, width, 5, activation),
    ]
    return table(*layer * layers)
