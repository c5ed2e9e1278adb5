"""`python benchmarks/distil_measurements.py HUB.csv TINY.csv`: writes simulator/validation/measured.csv.

HUB.csv: one row per latency in the perf.yaml files of qualcomm/ai-hub-models (BSD-3). TINY.csv: one row per
result of mlcommons/tiny_results_v0.5 to v1.3. Kept are the networks of `traces.networks` on chips of the
library, each with the software its chip file names.
"""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

TARGET = Path(__file__).parents[1] / "simulator" / "validation" / "measured.csv"
COLUMNS = (
    "chip", "device", "network", "precision", "runtime", "latency_s", "energy_j", "all_npu", "source",
)  # fmt: skip

DEVICES = {
    "Dragonwing RB3 Gen 2 Vision Kit": "hexagon-htp-v68-qcs6490",
    "SA8295P ADP": "hexagon-htp-v68",
    "QCS8450 (Proxy)": "hexagon-htp-v69",
    "QCS8550 (Proxy)": "hexagon-htp-v73",
    "Dragonwing IQ-9075 EVK": "hexagon-htp-v73-qcs9075",
    "Samsung Galaxy S24": "hexagon-htp-v75",
    "Samsung Galaxy S25": "hexagon-htp-v79",
    "Snapdragon 8 Elite Gen 5 QRD": "hexagon-htp-v81",
    "Snapdragon X Elite CRD": "hexagon-htp-x-elite",
    "Snapdragon X2 Elite CRD": "hexagon-htp-x2-elite",
    # SA7255P ADP is the same silicon and counts once.
    "QCS8275 (Proxy)": "hexagon-htp-qcs8275",
    "Snapdragon 7 Gen 4 QRD": "hexagon-htp-7gen4",
    "Dragonwing Q-6690 MTP": "hexagon-htp-qcm6690",
}
"""Device -> chip file."""

MODELS = {
    ("resnet18", "ResNet18"): "resnet-18",
    ("resnet50", "ResNet50"): "resnet-50",
    ("resnet101", "ResNet101"): "resnet-101",
    ("mobilenet_v2", "MobileNet-v2"): "mobilenet-v2",
    ("convnext_tiny", "ConvNext-Tiny"): "convnext-tiny",
    ("convnext_base", "ConvNext-Base"): "convnext-base",
    ("efficientnet_b0", "EfficientNet-B0"): "efficientnet-b0",
    ("efficientnet_b4", "EfficientNet-B4"): "efficientnet-b4",
    ("regnet", "RegNet"): "regnet-x-3.2gf",
    ("regnet_y_800mf", "RegNet-Y-800MF"): "regnet-y-800mf",
    ("levit", "LeViT"): "levit-128s",
    ("mobile_vit", "Mobile-VIT"): "mobilevit-s",
    ("vit", "VIT"): "vit-base",
    ("beit", "Beit"): "beit-base",
    ("segformer_base", "Segformer-Base"): "segformer-b0",
    ("openai_clip", "OpenAI-Clip"): "clip-vit-b-16",
    ("bert_base_uncased_hf", "Bert-Base-Uncased-Hf"): "bert-base",
    ("distil_bert_base_uncased_hf", "Distil-Bert-Base-Uncased-Hf"): "distilbert-base",
    ("albert_base_v2_hf", "Albert-Base-V2-Hf"): "albert-base-v2",
    ("electra_bert_base_discrim_google", "Electra-Bert-Base-Discrim-Google"): "electra-base",
    ("mobile_bert_uncased_google", "Mobile-Bert-Uncased-Google"): "mobilebert",
    # Four language pairs share the architecture and differ by 2 %; one of them stands for all.
    ("opus_mt_en_es", "OpusMTEncoder"): "opus-mt-encoder",
    ("opus_mt_en_es", "OpusMTDecoder"): "opus-mt-decoder",
    ("trocr", "TrOCREncoder"): "trocr-small-encoder",
    ("trocr", "TrOCRDecoder"): "trocr-small-decoder",
}
"""(model, component) -> network."""

PRECISIONS = frozenset({"float", "w8a8", "w8a16"})

BOARDS = {
    ("v1.2", "STMicroelectronics", "NUCLEO_L4R5ZI"): ("nucleo-l4r5zi", "X-CUBE-AI 9.0"),
    ("v1.2", "STMicroelectronics", "NUCLEO_H7A3ZI_Q"): ("nucleo-h7a3zi", "X-CUBE-AI 9.0"),
    ("v1.2", "STMicroelectronics", "NUCLEO_U575ZI_Q"): ("nucleo-u575zi", "X-CUBE-AI 9.0"),
    ("v1.3", "STMicroelectronics", "NUCLEO_U385RG_Q"): ("nucleo-u385rg", "X-CUBE-AI 10.2"),
    ("v1.1", "plumerai", "DISCO-F746NG"): ("disco-f746ng", "Plumerai 2023.05"),
    ("v1.1", "plumerai", "CY8CPROTO-062-4343W"): ("cy8cproto-062", "Plumerai 2023.05"),
    ("v1.2", "Renesas", "EK-RA8D1"): ("ek-ra8d1", "not stated"),
    ("v1.0", "greenwaves-technologies", "gap9_650_240"): ("gap9", "GAP SDK"),
    ("v1.0", "greenwaves-technologies", "gap9_800_370"): ("gap9-0v8", "GAP SDK"),
    ("v1.0", "syntiant", "syntiant_9120_1v1_98mhz"): ("ndp120", "Syntiant SDK"),
    ("v1.0", "syntiant", "syntiant_9120_0v9_30mhz"): ("ndp120-0v9", "Syntiant SDK"),
    ("v1.0", "silicon_labs", "silicon_labs_xG24_DK2601B"): ("xg24", "TensorFlow Lite Micro with MVP"),
}
"""(round, submitter, system) -> chip file and its software."""

PRUNING = ("X-CUBE-AI 9.0", "X-CUBE-AI 10.2", "Plumerai 2023.05")
"""Software that leaves out channels whose weights are all zero, as half of `vww`'s are.

Nobody says so; it is inferred from earlier rounds: from X-CUBE-AI 7 to 8.1 and from Plumerai's engine of 2022
to that of 2023, `vww` took 0.47 to 0.60 of its time on five boards while `ic`, whose channels all live, kept
0.92 to 0.98. The live channels are 0.53 of the work.
"""

Row = dict[str, str]


def hub_rows(path: Path) -> Iterator[Row]:
    """Yield the latencies of the Hexagon devices."""
    with path.open(newline="") as stream:
        for row in csv.DictReader(stream):
            network = MODELS.get((row["model"], row["component"]))
            if network is None or row["device"] not in DEVICES or row["precision"] not in PRECISIONS:
                continue
            elsewhere = int(row["cpu_layers"] or 0) + int(row["gpu_layers"] or 0)
            yield {
                "chip": DEVICES[row["device"]],
                "device": row["device"],
                "network": network,
                "precision": row["precision"],
                "runtime": row["runtime"],
                "latency_s": f"{float(row['latency_ms']) * 1e-3:.7g}",
                "energy_j": "",
                "all_npu": str(elsewhere == 0).lower(),
                "source": f"{row['source_commit']}:models/{row['model']}/perf.yaml",
            }


def tiny_rows(path: Path) -> Iterator[Row]:
    """Yield latency (of the performance run) and energy (of the energy run) of the boards."""
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    energy_uj = {_key(row): row["energy_uJ_inf"] for row in rows if row["mode"] == "energy"}
    for row in rows:
        board = BOARDS.get((row["round"], row["submitter"], row["system"]))
        if board is None or row["mode"] != "performance":
            continue
        energy = energy_uj.get(_key(row), "")
        yield {
            "chip": board[0],
            "device": row["system"],
            "network": _network(row["benchmark"], board[1]),
            "precision": "w8a8",
            "runtime": board[1],
            "latency_s": f"{float(row['latency_ms']) * 1e-3:.7g}",
            "energy_j": f"{float(energy) * 1e-6:.7g}" if energy else "",
            "all_npu": "true",
            "source": row["source"],
        }


def _network(benchmark: str, software: str) -> str:
    live = "-live" if benchmark == "vww" and software in PRUNING else ""
    return f"mlperf-tiny-{benchmark}{live}"


def _key(row: Row) -> tuple[str, ...]:
    return row["round"], row["submitter"], row["system"], row["benchmark"]


def main() -> None:
    """Write the table."""
    rows = [*hub_rows(Path(sys.argv[1])), *tiny_rows(Path(sys.argv[2]))]
    rows.sort(key=lambda row: tuple(row[name] for name in COLUMNS))
    with TARGET.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
