"""`python benchmarks/distil_estimates.py ESTIMATES RUNS`: writes the tables of simulator/agreement.

ESTIMATES: a folder with what Arm's Vela 5.2.0 and ZigZag 3.9.1 print (vela_per_layer/, vela_gemm.csv,
vela_networks.csv, zigzag_gemm.csv). RUNS: per-layer files of Vela 5.2.0 on networks of the same extents with
random weights, where ESTIMATES has none. A graph's op stands for all of Vela's that it became: an addition
counts to the convolution it follows, a softmax is one op.
"""

import csv
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from hwmodels.op_table import OpClass
from simulator.agreement.vela import layers

TARGET = Path(__file__).parents[1] / "simulator" / "agreement"
NETWORKS = {
    "pretrainedResnet_quant": "mlperf-tiny-ic",
    "vww_96_int8": "mlperf-tiny-vww",
    "ad01_int8": "mlperf-tiny-ad",
    "kws_ref_model": "mlperf-tiny-kws",
}
"""Vela's name of a network -> ours."""
SYSTEMS = {
    ("Ethos_U55_128", "Ethos_U55_High_End_Embedded"): "ethos-u55-128",
    ("Ethos_U55_256", "Ethos_U55_High_End_Embedded"): "ethos-u55-256",
    ("Ethos_U65_512", "Ethos_U65_High_End"): "ethos-u65-512",
    ("Ethos_U85_1024", "Ethos_U85_SYS_DRAM_Mid"): "ethos-u85-1024",
}
"""(accelerator, system) of Vela -> chip file; other systems have other clocks and memories."""
KINDS = {
    OpClass.DENSE: "Conv2D", OpClass.DEPTHWISE: "DepthwiseConv2D", OpClass.MATVEC: "FullyConnected",
    OpClass.POOLING: "AvgPool",
}  # fmt: skip
"""What an op of these networks is called by Vela."""
SHIPPED = "Vela 5.2.0 on the MLPerf Tiny network"
RUN = "Vela 5.2.0 on a file of the network's extents with random weights"
PRODUCT = "Vela 5.2.0 on one int8 product with random weights"
Row = dict[str, str]


def op_rows(folder: Path, source: str) -> Iterator[Row]:
    """Yield an estimate per op of each network's graph, from files NETWORK__CHIP.csv."""
    for path in sorted(folder.glob("*.csv")):
        vela_name, chip = path.stem.split("__")
        with path.open(newline="") as stream:
            lines = [line for line in csv.DictReader(stream) if line["NNG Operator"] != "Relu"]
        for op, mine in _assigned(NETWORKS[vela_name], lines):
            yield {
                "chip": chip,
                "network": NETWORKS[vela_name],
                "op": op,
                "weights": "int8",
                "npu_cycles": f"{sum(float(line['NPU']) for line in mine):.0f}",
                # Random weights stream more bytes than the network's own: only the NPU's cycles are its.
                "total_cycles": ""
                if source == RUN and vela_name != "kws_ref_model"
                else f"{sum(float(line['Op Cycles']) for line in mine):.0f}",
                "source": source,
            }


def _assigned(network: str, lines: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Yield each op of the graph with Vela's lines for it."""
    softmax = [line for line in lines if line["Original Operator"] == "Softmax"]
    left = [line for line in lines if line["Original Operator"] != "Softmax"]
    for layer in layers(network):
        if layer.op_class == OpClass.SOFTMAX:
            yield layer.name, softmax
            continue
        alike = [line for line in left if line["NNG Operator"] == KINDS[layer.op_class]]
        line = next((each for each in alike if float(each["MAC Count"]) == layer.macs), alike[0])
        mine = [line]
        after = left.index(line) + 1
        if layer.adds and after < len(left) and left[after]["NNG Operator"] == "Add":
            mine.append(left.pop(after))
        left.remove(line)
        yield layer.name, mine
    if left:
        raise SystemExit(f"{network}: {[line['NNG Operator'] for line in left]} belong to no op of the graph")


def product_rows(path: Path) -> Iterator[Row]:
    """Yield an estimate per product of Whisper tiny's shapes."""
    with path.open(newline="") as stream:
        for row in csv.DictReader(stream):
            extents = next(part for part in row["network"].split("_") if part.count("x") == 2)
            kind = row["network"].rsplit("_", 1)[1]
            yield {
                "chip": SYSTEMS[row["accelerator_configuration"], row["system_config"]],
                "network": "products",
                "op": extents,
                "weights": {"w8": "int8", "w8in4range": "int4", "w8in2range": "ternary", "bmm": ""}[kind],
                "npu_cycles": row["cycles_npu"],
                "total_cycles": row["cycles_total"],
                "source": PRODUCT,
            }


def network_rows(paths: Iterable[tuple[Path, str]]) -> Iterator[Row]:
    """Yield an estimate per network."""
    for path, source in paths:
        with path.open(newline="") as stream:
            for row in csv.DictReader(stream):
                chip = SYSTEMS.get((row["accelerator_configuration"], row["system_config"]))
                network = NETWORKS.get(row["network"])
                if chip is None or network is None:
                    continue
                coded = float(row["total_npu_encoded_weights"]) / float(row["total_original_weights"])
                yield {
                    "chip": chip,
                    "network": network,
                    "coded_bytes_per_weight": f"{coded:.4f}",
                    "npu_cycles": row["cycles_npu"],
                    "total_cycles": row["cycles_total"],
                    "source": source,
                }


def zigzag_rows(path: Path) -> Iterator[Row]:
    """Yield an estimate per product and accelerator."""
    with path.open(newline="") as stream:
        for row in csv.DictReader(stream):
            yield {
                "accelerator": row["accelerator"],
                "m": row["M"],
                "k": row["K"],
                "n": row["N"],
                "weight_bits": row["w_bits"],
                "cycles": f"{float(row['latency_cycles']):.0f}",
                "seconds": row["wall_s"],
            }


def _write(name: str, rows: Iterable[Row]) -> None:
    found = list(rows)
    with (TARGET / name).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(found[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)


def main() -> None:
    """Write the three tables."""
    estimates, runs = (Path(name) for name in sys.argv[1:3])
    ops = [*op_rows(estimates / "vela_per_layer", SHIPPED), *op_rows(runs, RUN)]
    products = product_rows(estimates / "vela_gemm.csv")
    order = ("chip", "network", "op", "weights")
    _write("vela_ops.csv", sorted((*ops, *products), key=lambda row: [row[key] for key in order[:2]]))
    summaries = [(estimates / "vela_networks.csv", SHIPPED), (runs / "summary" / "networks.csv", RUN)]
    networks = network_rows(summaries)
    _write("vela_networks.csv", sorted(networks, key=lambda row: [row[key] for key in order[:2]]))
    _write("zigzag.csv", zigzag_rows(estimates / "zigzag_gemm.csv"))


if __name__ == "__main__":
    main()
