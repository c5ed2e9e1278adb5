"""An estimate as a graph for Model Explorer (github.com/google-ai-edge/model-explorer).

Two files: the graphs, a `GraphCollection` as its `graph_builder.py` defines it, one graph per phase with the
costs among each node's attributes; and node data as its `node_data_builder.py` defines it, which colours the
nodes by latency when loaded on top.
"""

import json
from pathlib import Path

from reports.atomic import write_text
from reports.json_value import Json
from reports.layers import OpCosts, op_costs
from reports.units import count, joules, percent, seconds, size
from simulator.estimate import Estimate, PhaseCost
from traces.graph import Graph, Op, Tensor, tensors_read

NODE_DATA_SUFFIX = ".latency.json"
"""What replaces the suffix of the graph's file for the file of node data."""

_GRADIENT = ((0.0, "#fcfbf8"), (0.5, "#f3bb45"), (1.0, "#d55e00"))
_INPUTS = "inputs"


def save_model_explorer(estimate: Estimate, path: Path) -> Path:
    """Write the graphs to `path` and the node data beside it; return the latter's path."""
    node_data = path.with_name(path.name.removesuffix(".json") + NODE_DATA_SUFFIX)
    write_text(path, json.dumps(graph_collection(estimate)))
    write_text(node_data, json.dumps(latency_data(estimate)))
    return node_data


def graph_collection(estimate: Estimate) -> Json:
    """Return the graphs of all phases; costs are those of the mean utterance."""
    label = f"{estimate.workload.name} on {estimate.chip.name}"
    return {"label": label, "graphs": [_graph(estimate, phase) for phase in estimate.phases]}


def latency_data(estimate: Estimate) -> Json:
    """Return the milliseconds of every op, by graph and node, with the colours to show them in."""
    return {
        str(phase.phase): {
            "results": {
                op.name: {"value": latency_s * 1e3}
                for op, latency_s in zip(
                    phase.bound.graph.ops, op_costs(phase).latency_s.tolist(), strict=True
                )
            },
            "gradient": [{"stop": stop, "bgColor": colour} for stop, colour in _GRADIENT],
        }
        for phase in estimate.phases
    }


def _graph(estimate: Estimate, phase: PhaseCost) -> Json:
    graph, costs = phase.bound.graph, op_costs(phase)
    tensors = graph.tensor_table()
    sources = {name: (op.name, port) for op in graph.ops for port, name in enumerate(op.writes)}
    sources |= {name: (_input_id(name), 0) for name in graph.inputs}
    totals = {
        "chip": estimate.chip.name,
        "latency of the phase": seconds(float(estimate.phase_latency_s(phase).nominal.mean())),
        "energy of the phase": joules(float(estimate.phase_energy_j(phase).nominal.mean())),
        "runs per utterance": count(float(phase.runs_per_utterance().mean())),
    }
    return {
        "id": str(phase.phase),
        "nodes": [
            *(_input_node(tensors[name]) for name in graph.inputs),
            *(
                {
                    "id": op.name,
                    "label": op.function,
                    "namespace": op.module.replace(".", "/"),
                    "attrs": _pairs(_attributes(op, phase, costs, idx)),
                    "incomingEdges": _edges(op, sources),
                    "outputsMetadata": [
                        _metadata(str(port), tensors[name]) for port, name in enumerate(op.writes)
                    ],
                }
                for idx, op in enumerate(graph.ops)
            ),
        ],
        "groupNodeAttributes": {"": totals, **_group_attributes(graph, costs)},
    }


def _attributes(op: Op, phase: PhaseCost, costs: OpCosts, idx: int) -> dict[str, str]:
    table, row = phase.costs, int(costs.row[idx])
    moved = {
        f"bytes across {level}": size(float(costs.level_bytes[idx, position]))
        for position, level in enumerate(table.levels)
    }
    return {
        "kind": str(op.kind),
        "epilogues": ", ".join(epilogue.function for epilogue in op.epilogues) or "none",
        "latency": seconds(float(costs.latency_s[idx])),
        "energy": joules(float(costs.energy_j[idx])),
        "bound by": table.bound_label(int(table.bound_by[row])),
        "unit": table.units[int(table.unit_idx[row])],
        "utilisation": percent(float(table.utilisation[row])),
        "MACs": count(float(costs.macs[idx])),
        **moved,
        "note": table.notes[int(table.note_idx[row])] or "none",
    }


def _group_attributes(graph: Graph, costs: OpCosts) -> dict[str, dict[str, str]]:
    """Return latency and energy of every module, with all it contains."""
    latency_s: dict[str, float] = {}
    energy_j: dict[str, float] = {}
    for idx, op in enumerate(graph.ops):
        parts = op.module.split(".")
        for depth in range(1, len(parts) + 1):
            group = "/".join(parts[:depth])
            latency_s[group] = latency_s.get(group, 0.0) + float(costs.latency_s[idx])
            energy_j[group] = energy_j.get(group, 0.0) + float(costs.energy_j[idx])
    return {
        group: {"latency": seconds(latency_s[group]), "energy": joules(energy_j[group])}
        for group in latency_s
        if group
    }


def _edges(op: Op, sources: dict[str, tuple[str, int]]) -> list[Json]:
    """Return an edge per tensor that another op or an input gives; weights are drawn as attributes only."""
    return [
        {
            "sourceNodeId": sources[name][0],
            "sourceNodeOutputId": str(sources[name][1]),
            "targetNodeInputId": str(port),
        }
        for port, name in enumerate(tensors_read(op))
        if name in sources
    ]


def _input_node(tensor: Tensor) -> Json:
    return {
        "id": _input_id(tensor.name),
        "label": tensor.name,
        "namespace": _INPUTS,
        "outputsMetadata": [_metadata("0", tensor)],
    }


def _input_id(name: str) -> str:
    return f"{_INPUTS}/{name}"


def _metadata(port: str, tensor: Tensor) -> Json:
    shape = ", ".join(dim.text for dim in tensor.shape)
    return {
        "id": port,
        "attrs": _pairs({"tensor_name": tensor.name, "tensor_shape": f"{tensor.format}[{shape}]"}),
    }


def _pairs(attributes: dict[str, str]) -> list[Json]:
    return [{"key": key, "value": value} for key, value in attributes.items()]
