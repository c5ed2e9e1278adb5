"""Building and tracing the networks of the catalogue. Needs torch and transformers."""

import warnings
from collections.abc import Callable

import torch

from traces.errors import unknown_name
from traces.export import trace_module
from traces.graph import Graph
from traces.networks import detection, language, tiny, torchvision_models, translation, vision
from traces.networks.built import PREFIX, Built

BUILDERS: dict[str, Callable[[], Built]] = {
    "resnet-18": vision.resnet(224, depths=[2, 2, 2, 2], is_basic=True),
    "resnet-50": vision.resnet(224, depths=[3, 4, 6, 3], is_basic=False),
    "resnet-101": vision.resnet(224, depths=[3, 4, 23, 3], is_basic=False),
    "mobilenet-v2": vision.mobilenet_v2,
    "convnext-tiny": vision.convnext([3, 3, 9, 3], [96, 192, 384, 768]),
    "convnext-base": vision.convnext([3, 3, 27, 3], [128, 256, 512, 1024]),
    "efficientnet-b0": vision.efficientnet(224, width=1.0, depth=1.0, head_size=1280),
    "efficientnet-b4": vision.efficientnet(224, width=1.4, depth=1.8, head_size=1792),
    "regnet-x-3.2gf": vision.regnet([2, 6, 15, 2], [96, 192, 432, 1008], group_width=48, variant="x"),
    "regnet-y-800mf": vision.regnet([1, 3, 8, 2], [64, 144, 320, 784], group_width=16, variant="y"),
    "levit-128s": vision.levit_128s,
    "mobilevit-s": vision.mobilevit_s,
    "vit-base": vision.vit_base,
    "beit-base": vision.beit_base,
    "segformer-b0": vision.segformer_b0,
    "clip-vit-b-16": vision.clip_base_16,
    "videomae-base": vision.videomae_base,
    "depth-anything-small": vision.depth_anything_small,
    "bert-base": language.bert_base,
    "distilbert-base": language.distilbert_base,
    "albert-base-v2": language.albert_base_v2,
    "electra-base": language.electra_base,
    "mobilebert": language.mobilebert,
    "nomic-embed": language.nomic_embed,
    "clip-vit-l-text": language.clip_text(768, layers=12, heads=12, activation="quick_gelu"),
    "openclip-vit-h-text": language.clip_text(1024, layers=23, heads=16, activation="gelu"),
    "opus-mt-encoder": translation.opus_encoder,
    "opus-mt-decoder": translation.opus_decoder,
    "trocr-small-encoder": translation.trocr_small_encoder,
    "trocr-small-decoder": translation.trocr_small_decoder,
    "densenet-121": torchvision_models.classifier("densenet121"),
    "googlenet": torchvision_models.classifier(
        "googlenet", is_centred=True, aux_logits=False, init_weights=False
    ),
    "inception-v3": torchvision_models.classifier(
        "inception_v3", is_centred=True, aux_logits=False, init_weights=False
    ),
    "mnasnet-0.5": torchvision_models.classifier("mnasnet0_5"),
    "mobilenet-v3-large": torchvision_models.classifier("mobilenet_v3_large"),
    "mobilenet-v3-small": torchvision_models.classifier("mobilenet_v3_small"),
    "shufflenet-v2-0.5": torchvision_models.classifier("shufflenet_v2_x0_5"),
    "squeezenet-1.1": torchvision_models.classifier("squeezenet1_1"),
    "efficientnet-v2-s": torchvision_models.classifier("efficientnet_v2_s"),
    "resnext-50": torchvision_models.classifier("resnext50_32x4d"),
    "resnext-101": torchvision_models.classifier("resnext101_32x8d"),
    "wide-resnet-50": torchvision_models.classifier("wide_resnet50_2"),
    "fcn-resnet-50": torchvision_models.fcn_resnet50,
    "resnet-3d": torchvision_models.video("r3d_18"),
    "resnet-2plus1d": torchvision_models.video("r2plus1d_18"),
    "resnet-mixed": torchvision_models.video("mc3_18"),
    "detr-resnet-50": detection.detr([3, 4, 6, 3]),
    "detr-resnet-101": detection.detr([3, 4, 23, 3]),
    "mlperf-tiny-ic": tiny.resnet8,
    "mlperf-tiny-vww": tiny.visual_wake_words(tiny.VWW_WIDTHS),
    "mlperf-tiny-vww-live": tiny.visual_wake_words(tiny.VWW_LIVE_WIDTHS),
    "mlperf-tiny-kws": tiny.ds_cnn,
    "mlperf-tiny-ad": tiny.autoencoder,
}
"""Name -> what builds it."""


def trace_network(name: str) -> Graph:
    """Return the float16 graph of a network of the catalogue, without symbols: one input of fixed size.

    Raises:
        EdgeAsrError: if no network has the name, or at an op without a rule.
    """
    if name not in BUILDERS:
        raise unknown_name("network", name, known=BUILDERS)
    with torch.device("meta"):
        built = BUILDERS[name]()
    with warnings.catch_warnings():
        # LeViT caches its position biases in an attribute while it runs.
        warnings.filterwarnings("ignore", message="The tensor attributes")
        return trace_module(
            built.module.eval(), built.inputs, name=name, prefix=PREFIX, kv_inputs=built.kv_inputs
        )
