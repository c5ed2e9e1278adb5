"""The networks by name, with what their publishers say of their size. Needs no torch."""

from dataclasses import dataclass

TORCHVISION = "GFLOPS (which are multiply-accumulates) in the weight table of torchvision's documentation"


@dataclass(frozen=True, slots=True)
class Published:
    """A network as published.

    `macs` is what its publisher states, rounded as there; None where none is stated for this input, and the
    count is checked by a closed form alone.
    """

    title: str
    input: str
    macs: float | None
    source: str


NETWORKS: dict[str, Published] = {
    "resnet-18": Published("ResNet-18", "224x224x3", 1.81e9, TORCHVISION),
    "resnet-50": Published("ResNet-50", "224x224x3", 4.09e9, TORCHVISION),
    "resnet-101": Published("ResNet-101", "224x224x3", 7.80e9, TORCHVISION),
    "mobilenet-v2": Published("MobileNetV2 1.0", "224x224x3", 0.30e9, TORCHVISION),
    "convnext-tiny": Published("ConvNeXt tiny", "224x224x3", 4.46e9, TORCHVISION),
    "convnext-base": Published("ConvNeXt base", "224x224x3", 15.36e9, TORCHVISION),
    "efficientnet-b0": Published("EfficientNet-B0", "224x224x3", 0.39e9, TORCHVISION),
    "efficientnet-b4": Published("EfficientNet-B4", "224x224x3", None, "Tan and Le 2019, EfficientNet"),
    "regnet-x-3.2gf": Published("RegNetX 3.2GF", "224x224x3", 3.18e9, TORCHVISION),
    "regnet-y-800mf": Published("RegNetY 800MF", "224x224x3", 0.83e9, TORCHVISION),
    "levit-128s": Published(
        "LeViT-128S", "224x224x3", 0.305e9, "Graham et al. 2021, LeViT, table 1: 305 M FLOPs"
    ),
    "mobilevit-s": Published(
        "MobileViT-S", "256x256x3", 2.0e9, "Mehta and Rastegari 2022, MobileViT: 2.0 GFLOPs"
    ),
    "vit-base": Published("ViT-B/16", "224x224x3", 17.56e9, TORCHVISION),
    "beit-base": Published(
        "BEiT-B/16", "224x224x3", 17.6e9, "as DeiT-B of the same shape: 17.6 GFLOPs (Liu et al. 2021, Swin)"
    ),
    "segformer-b0": Published(
        "SegFormer-B0", "512x512x3", 8.4e9, "Xie et al. 2021, SegFormer, table 1: 8.4 GFLOPs on ADE20K"
    ),
    "clip-vit-b-16": Published("CLIP ViT-B/16", "224x224x3 and 77 tokens", None, "Radford et al. 2021"),
    "videomae-base": Published(
        "VideoMAE-B/16", "16x224x224x3", 180e9, "Tong et al. 2022, VideoMAE: 180 GFLOPs"
    ),
    "depth-anything-small": Published("Depth Anything small", "518x518x3", None, "Yang et al. 2024"),
    "bert-base": Published("BERT-base, masked tokens", "384 tokens", None, "Devlin et al. 2019"),
    "distilbert-base": Published("DistilBERT, masked tokens", "384 tokens", None, "Sanh et al. 2019"),
    "albert-base-v2": Published("ALBERT-base, masked tokens", "384 tokens", None, "Lan et al. 2020"),
    "electra-base": Published("ELECTRA-base discriminator", "384 tokens", None, "Clark et al. 2020"),
    "mobilebert": Published("MobileBERT, masked tokens", "384 tokens", None, "Sun et al. 2020"),
    "nomic-embed": Published("Nomic Embed Text", "128 tokens", None, "Nussbaum et al. 2024"),
    "clip-vit-l-text": Published(
        "CLIP ViT-L/14, text encoder (Stable Diffusion 1.5)", "77 tokens", None, "Radford et al. 2021"
    ),
    "openclip-vit-h-text": Published(
        "OpenCLIP ViT-H/14, text encoder, last layer but one (Stable Diffusion 2.1)",
        "77 tokens",
        None,
        "Rombach et al. 2022",
    ),
    "opus-mt-encoder": Published("opus-mt encoder", "256 tokens", None, "Tiedemann and Thottingal 2020"),
    "opus-mt-decoder": Published(
        "opus-mt decoder step", "1 token, 255 past, 256 encoded", None, "Tiedemann and Thottingal 2020"
    ),
    "trocr-small-encoder": Published("TrOCR-small encoder", "384x384x3", None, "Li et al. 2021"),
    "trocr-small-decoder": Published(
        "TrOCR-small decoder step", "1 token, 19 past, 578 encoded", None, "Li et al. 2021"
    ),
    "densenet-121": Published("DenseNet-121", "224x224x3", 2.83e9, TORCHVISION),
    "googlenet": Published("GoogLeNet", "224x224x3", 1.50e9, TORCHVISION),
    "inception-v3": Published("Inception v3", "224x224x3", None, "Szegedy et al. 2016, Inception v3"),
    "mnasnet-0.5": Published("MNASNet 0.5", "224x224x3", 0.10e9, TORCHVISION),
    "mobilenet-v3-large": Published("MobileNetV3 large", "224x224x3", 0.22e9, TORCHVISION),
    "mobilenet-v3-small": Published("MobileNetV3 small", "224x224x3", 0.06e9, TORCHVISION),
    "shufflenet-v2-0.5": Published("ShuffleNetV2 0.5", "224x224x3", 0.04e9, TORCHVISION),
    "squeezenet-1.1": Published("SqueezeNet 1.1", "224x224x3", 0.35e9, TORCHVISION),
    "efficientnet-v2-s": Published("EfficientNetV2-S", "224x224x3", None, "Tan and Le 2021, EfficientNetV2"),
    "resnext-50": Published("ResNeXt-50 32x4d", "224x224x3", 4.23e9, TORCHVISION),
    "resnext-101": Published("ResNeXt-101 32x8d", "224x224x3", 16.41e9, TORCHVISION),
    "wide-resnet-50": Published("Wide ResNet-50-2", "224x224x3", 11.40e9, TORCHVISION),
    "fcn-resnet-50": Published("FCN-ResNet50", "520x520x3", None, "Long et al. 2015, FCN"),
    "resnet-3d": Published("ResNet 3D 18", "16x112x112x3", 40.70e9, TORCHVISION),
    "resnet-2plus1d": Published("ResNet (2+1)D 18", "16x112x112x3", 40.52e9, TORCHVISION),
    "resnet-mixed": Published("ResNet MC3 18", "16x112x112x3", 43.34e9, TORCHVISION),
    "detr-resnet-50": Published("DETR ResNet-50", "640x640x3", None, "Carion et al. 2020, DETR"),
    "detr-resnet-101": Published("DETR ResNet-101", "640x640x3", None, "Carion et al. 2020, DETR"),
    "mlperf-tiny-ic": Published(
        "MLPerf Tiny image classification (ResNet-8)", "32x32x3", 12.5e6, "mlcommons/tiny benchmark"
    ),
    "mlperf-tiny-vww": Published(
        "MLPerf Tiny visual wake words (MobileNetV1 0.25)", "96x96x3", 7.49e6, "mlcommons/tiny benchmark"
    ),
    "mlperf-tiny-vww-live": Published(
        "MLPerf Tiny visual wake words without its dead channels, as some compilers run it",
        "96x96x3",
        None,
        "weights of mlcommons/tiny's vww_96_int8.tflite",
    ),
    "mlperf-tiny-kws": Published(
        "MLPerf Tiny keyword spotting (DS-CNN)", "49x10", 2.66e6, "mlcommons/tiny benchmark"
    ),
    "mlperf-tiny-ad": Published(
        "MLPerf Tiny anomaly detection (autoencoder)", "640", 0.264e6, "mlcommons/tiny benchmark"
    ),
}
"""Name -> what it is; every one is stored as a graph."""
