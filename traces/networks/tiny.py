"""The networks of MLPerf Tiny, built for the purpose (Banbury et al., "MLPerf Tiny Benchmark", 2021)."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from traces.networks.built import Built, image


def _convolve(inputs: int, outputs: int, kernel: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False), nn.BatchNorm2d(outputs)
    )


class _Residual(nn.Module):
    """Two 3x3 convolutions around which the input passes, through a 1x1 where the shape changes."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = _convolve(inputs, outputs, 3, stride)
        self.second = _convolve(outputs, outputs, 3, 1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride) if stride > 1 else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = self.second(functional.relu(self.first(x)))
        return functional.relu(inner + self.shortcut(x))


class _Separable(nn.Module):
    """A depthwise 3x3 and a 1x1 convolution."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(inputs, inputs, 3, stride, padding=1, groups=inputs, bias=False)
        self.depthwise_norm = nn.BatchNorm2d(inputs)
        self.pointwise = _convolve(inputs, outputs, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        widened = functional.relu(self.depthwise_norm(self.depthwise(x)))
        return functional.relu(self.pointwise(widened))


def resnet8() -> Built:
    """Return the image classifier: ResNet-8 on 32x32x3, 10 classes."""
    module = nn.Sequential(
        _convolve(3, 16, 3, 1),
        nn.ReLU(),
        _Residual(16, 16, 1),
        _Residual(16, 32, 2),
        _Residual(32, 64, 2),
        nn.AvgPool2d(8),
        nn.Flatten(),
        nn.Linear(64, 10),
        nn.Softmax(dim=-1),
    )
    return Built(module, image(32))


VWW_WIDTHS = (16, 32, 32, 64, 64, 128, 128, 128, 128, 128, 128, 256, 256)
"""Output channels of the detector's separable blocks."""

VWW_STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)

VWW_LIVE_WIDTHS = (16, 32, 32, 64, 64, 112, 66, 38, 26, 28, 29, 56, 34)
"""Those of them that do anything in the weights as shipped: the others' weights are all zero.

Counted by halves: Vela 5.2.0 codes the weights of each 1x1 layer of `vww_96_int8.tflite` to some bytes, which
are about the live inputs times the live outputs, as zeros cost next to nothing. From the first layers, which
do not shrink, the widths follow one after the other. One layer of the shipped file was read: 29 of its 128
inputs are live, and about one in six outputs. Good to some 15 % of a late layer, 3 % of all the work.
"""


def visual_wake_words(widths: tuple[int, ...]) -> Callable[[], Built]:
    """Return a builder of the visual wake words detector: MobileNetV1 of width 0.25 on 96x96x3, 2 classes."""

    def build() -> Built:
        layers: list[nn.Module] = [_convolve(3, 8, 3, 2), nn.ReLU()]
        width = 8
        for outputs, stride in zip(widths, VWW_STRIDES, strict=True):
            layers.append(_Separable(width, outputs, stride))
            width = outputs
        head = (nn.AvgPool2d(3), nn.Flatten(), nn.Linear(width, 2), nn.Softmax(dim=-1))
        return Built(nn.Sequential(*layers, *head), image(96))

    return build


def ds_cnn() -> Built:
    """Return the keyword spotter: a depthwise-separable CNN on 49 frames of 10 coefficients, 12 words."""
    module = nn.Sequential(
        nn.Conv2d(1, 64, (10, 4), 2, padding=(5, 1), bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        *[_Separable(64, 64, 1) for _ in range(4)],
        nn.AvgPool2d((25, 5)),
        nn.Flatten(),
        nn.Linear(64, 12),
        nn.Softmax(dim=-1),
    )
    return Built(module, (torch.empty((1, 1, 49, 10), device="meta"),))


def autoencoder() -> Built:
    """Return the anomaly detector: a dense autoencoder on 5 frames of 128 log-mel bins."""
    widths = (640, 128, 128, 128, 128, 8, 128, 128, 128, 128)
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs), nn.ReLU()]
    layers.append(nn.Linear(widths[-1], widths[0]))
    return Built(nn.Sequential(*layers), (torch.empty((1, widths[0]), device="meta"),))
