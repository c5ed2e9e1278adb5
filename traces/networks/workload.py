"""Any network, run once, as a workload: one graph, no audio and no tokens."""

from dataclasses import replace

from traces.errors import EdgeAsrError, unknown_name
from traces.graph import Graph, Role
from traces.networks.store import Precision, in_precision, load_network
from traces.workload import Phase, Workload

STORED_ROLES = (Role.WEIGHT, Role.CONSTANT)
"""What a network keeps from run to run: weights, biases, norm scales, positions."""


def network_workload(network: Graph | str, precision: str = Precision.FLOAT) -> Workload:
    """Return a network of the catalogue, or a graph of `trace_module`, as a workload that runs once.

    `precision` is one of `float`, `w8a8`, `w8a16`: the format of every tensor, as vendors' compilers
    quantize whole networks. A head that shares the embedding's weight counts as stored twice.

    Raises:
        EdgeAsrError: if the name or the precision is unknown, or the graph was traced with free extents.
    """
    if precision not in tuple(Precision):
        raise unknown_name("precision of a network", precision, known=tuple(Precision))
    graph = load_network(network) if isinstance(network, str) else network
    if graph.symbols:
        raise EdgeAsrError(
            f"{graph.name}: extents {', '.join(sorted(graph.symbols))} are free; trace it with fixed shapes"
        )
    return Workload(
        name=graph.name,
        family="network",
        graphs=(replace(in_precision(graph, Precision(precision)), phase=Phase.FORWARD),),
        prompt_tokens=0,
        max_tokens=0,
        window_s=None,
        parameters=sum(
            int(tensor.elements.at({})) for tensor in graph.tensors if tensor.role in STORED_ROLES
        ),
    )
