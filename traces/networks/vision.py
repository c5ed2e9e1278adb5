"""Image networks as transformers builds them from their configs. Needs torch; no weights are made."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from traces.networks.built import Built, image, image_output, network_output

CLASSES = 1000
"""ImageNet-1k, for which all classifiers here were published."""


def resnet(size: int, *, depths: list[int], is_basic: bool) -> Callable[[], Built]:
    """Return the builder of a ResNet with strides in the 3x3 convolutions, as torchvision has it."""

    def build() -> Built:
        from transformers import ResNetConfig, ResNetForImageClassification

        config = ResNetConfig(
            hidden_sizes=[64, 128, 256, 512] if is_basic else [256, 512, 1024, 2048],
            depths=depths,
            layer_type="basic" if is_basic else "bottleneck",
            num_labels=CLASSES,
        )
        return Built(image_output(ResNetForImageClassification(config)), image(size))

    return build


def mobilenet_v2() -> Built:
    """Return MobileNetV2 1.0; padding as PyTorch does it, without pad ops."""
    from transformers import MobileNetV2Config, MobileNetV2ForImageClassification

    config = MobileNetV2Config(tf_padding=False, num_labels=CLASSES)
    return Built(image_output(MobileNetV2ForImageClassification(config)), image(224))


def convnext(depths: list[int], widths: list[int]) -> Callable[[], Built]:
    """Return the builder of a ConvNeXt."""

    def build() -> Built:
        from transformers import ConvNextConfig, ConvNextForImageClassification

        config = ConvNextConfig(depths=depths, hidden_sizes=widths, num_labels=CLASSES)
        return Built(image_output(ConvNextForImageClassification(config)), image(224))

    return build


def efficientnet(size: int, *, width: float, depth: float, head_size: int) -> Callable[[], Built]:
    """Return the builder of an EfficientNet whose convolutions pad themselves, as torchvision has it."""

    def build() -> Built:
        from transformers import EfficientNetConfig, EfficientNetForImageClassification

        config = EfficientNetConfig(
            width_coefficient=width,
            depth_coefficient=depth,
            image_size=size,
            hidden_dim=head_size,
            num_labels=CLASSES,
        )
        network = EfficientNetForImageClassification(config)
        stem = network.efficientnet.embeddings
        stem.padding, stem.convolution.padding = nn.Identity(), (1, 1)
        for block in network.efficientnet.encoder.blocks:
            layer = block.depthwise_conv
            if layer.stride == 2:
                layer.depthwise_conv_pad = nn.Identity()
                layer.depthwise_conv.padding = tuple(size // 2 for size in layer.depthwise_conv.kernel_size)
        return Built(image_output(network), image(size))

    return build


def regnet(depths: list[int], widths: list[int], *, group_width: int, variant: str) -> Callable[[], Built]:
    """Return the builder of a RegNet; variant `y` squeezes and excites."""

    def build() -> Built:
        from transformers import RegNetConfig, RegNetForImageClassification

        config = RegNetConfig(
            depths=depths,
            hidden_sizes=widths,
            groups_width=group_width,
            layer_type=variant,
            num_labels=CLASSES,
        )
        return Built(image_output(RegNetForImageClassification(config)), image(224))

    return build


def levit_128s() -> Built:
    """Return LeViT-128S with its two heads averaged."""
    from transformers import LevitConfig, LevitForImageClassificationWithTeacher

    config = LevitConfig(
        hidden_sizes=[128, 256, 384],
        num_attention_heads=[4, 6, 8],
        depths=[2, 3, 4],
        num_labels=CLASSES,
    )
    return Built(image_output(LevitForImageClassificationWithTeacher(config)), image(224))


def mobilevit_s() -> Built:
    """Return MobileViT-S, whose pixels come scaled."""
    from transformers import MobileViTConfig, MobileViTForImageClassification

    return Built(
        network_output(MobileViTForImageClassification(MobileViTConfig(num_labels=CLASSES))), image(256)
    )


def vit_base() -> Built:
    """Return ViT-B/16."""
    from transformers import ViTConfig, ViTForImageClassification

    return Built(image_output(ViTForImageClassification(ViTConfig(num_labels=CLASSES))), image(224))


def beit_base() -> Built:
    """Return BEiT-B/16 with relative position biases, whose pixels come scaled."""
    from transformers import BeitConfig, BeitForImageClassification

    config = BeitConfig(num_labels=CLASSES, use_relative_position_bias=True, use_mask_token=False)
    return Built(network_output(BeitForImageClassification(config)), image(224))


def segformer_b0() -> Built:
    """Return SegFormer-B0 with the 150 classes of ADE20K."""
    from transformers import SegformerConfig, SegformerForSemanticSegmentation

    return Built(image_output(SegformerForSemanticSegmentation(SegformerConfig(num_labels=150))), image(512))


class Clip(nn.Module):
    """An image and a text: how well they go together."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
        """pixels: (1, 3, 224, 224), ids: (1, 77) -> cosine similarity (1, 1)."""
        vision = self.network.vision_model(pixel_values=pixels).pooler_output
        # The text's last position stands for its end token, whose place depends on the text.
        text = self.network.text_model(input_ids=ids).last_hidden_state[:, -1]
        seen, read = self.network.visual_projection(vision), self.network.text_projection(text)
        similarity: torch.Tensor = (seen * read).sum(dim=-1)
        return similarity


def clip_base_16() -> Built:
    """Return CLIP ViT-B/16 on one image and one text of 77 tokens."""
    from transformers import CLIPConfig, CLIPModel

    config = CLIPConfig(vision_config={"patch_size": 16}, text_config={"max_position_embeddings": 77})
    ids = torch.zeros((1, 77), dtype=torch.long, device="meta")
    return Built(Clip(CLIPModel(config)), (*image(224), ids))


class Tubelets(nn.Module):
    """Patches of two frames, cut beforehand: a convolution without overlap is a product of its patches."""

    def __init__(self, patches: int, *, length: int, d: int) -> None:
        super().__init__()
        self.projection = nn.Linear(length, d)
        self.positions = nn.Parameter(torch.empty(1, patches, d))

    def forward(self, cut: torch.Tensor, _mask: None = None) -> torch.Tensor:
        """cut: (1, patches, length) -> (1, patches, d)."""
        embedded: torch.Tensor = self.projection(cut) + self.positions
        return embedded


def videomae_base() -> Built:
    """Return VideoMAE-B/16 on 16 frames of 224x224, as its 1568 patches of 2x16x16x3 numbers."""
    from transformers import VideoMAEConfig, VideoMAEForVideoClassification

    config = VideoMAEConfig(num_labels=400)
    network = VideoMAEForVideoClassification(config)
    patches, length = 8 * 14 * 14, 2 * 16 * 16 * 3
    network.videomae.embeddings = Tubelets(patches, length=length, d=config.hidden_size)
    return Built(network_output(network), (torch.empty((1, patches, length), device="meta"),))


class Enlarged(nn.Module):
    """A transposed convolution whose stride is its kernel: a 1x1 convolution whose channels become pixels."""

    def __init__(self, like: nn.ConvTranspose2d) -> None:
        super().__init__()
        self.factor, self.channels = int(like.stride[0]), like.out_channels
        self.conv = nn.Conv2d(like.in_channels, self.channels * self.factor**2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (1, c, h, w) -> (1, channels, factor * h, factor * w)."""
        _, _, h, w = x.shape
        spread = self.conv(x).reshape(1, self.channels, self.factor, self.factor, h, w)
        pixels: torch.Tensor = spread.permute(0, 1, 4, 2, 5, 3).reshape(
            1, self.channels, h * self.factor, w * self.factor
        )
        return pixels


def depth_anything_small() -> Built:
    """Return Depth Anything with its small encoder, on 37x37 patches."""
    from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config

    encoder = Dinov2Config(
        hidden_size=384,
        num_attention_heads=6,
        image_size=518,
        patch_size=14,
        out_indices=[9, 10, 11, 12],
        apply_layernorm=True,
        reshape_hidden_states=False,
    )
    network = DepthAnythingForDepthEstimation(
        DepthAnythingConfig(
            backbone_config=encoder,
            reassemble_hidden_size=384,
            neck_hidden_sizes=[48, 96, 192, 384],
            fusion_hidden_size=64,
        )
    )
    for layer in network.neck.reassemble_stage.layers:
        if isinstance(layer.resize, nn.ConvTranspose2d):
            layer.resize = Enlarged(layer.resize)
    return Built(image_output(network), image(518))
