"""Model Explorer and Chrome trace files of a real estimate, against the formats' own rules."""

import json
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from hwmodels.chip_file import load_chip
from reports.chrome_trace import save_chrome_trace
from reports.model_explorer import save_model_explorer
from simulator.estimate import Estimate, estimate
from simulator.utterances import Utterance
from traces.errors import EdgeAsrError
from traces.store import load_workload

UTTERANCES = (Utterance(2.0, 5), Utterance(35.0, 8))


@lru_cache(maxsize=1)
def estimated() -> Estimate:
    return estimate(load_workload("whisper-tiny.en"), load_chip("ethos-u85-1024"), utterances=UTTERANCES)


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("utterance", [0, 1])
def test_the_timeline_ends_at_the_latency(tmp_path: Path, utterance: int) -> None:
    save_chrome_trace(estimated(), tmp_path / "t.json", utterance=utterance)
    trace = load(tmp_path / "t.json")
    slices = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    end_us = max(event["ts"] + event["dur"] for event in slices)
    assert end_us * 1e-6 == pytest.approx(float(estimated().latency_s().nominal[utterance]), abs=1e-8)
    assert trace["otherData"]["tokens"] == UTTERANCES[utterance].tokens


def test_slices_of_a_thread_nest_or_follow(tmp_path: Path) -> None:
    save_chrome_trace(estimated(), tmp_path / "t.json")
    slices = [event for event in load(tmp_path / "t.json")["traceEvents"] if event["ph"] == "X"]
    for thread in {event["tid"] for event in slices}:
        mine = sorted(
            (round(event["ts"] * 1e3), -round(event["dur"] * 1e3))
            for event in slices
            if event["tid"] == thread
        )
        open_until: list[int] = []
        for begin, negative in mine:
            while open_until and open_until[-1] <= begin:
                open_until.pop()
            assert not open_until or begin - negative <= open_until[-1]
            open_until.append(begin - negative)


def test_threads_are_named_after_units_and_steps_grow(tmp_path: Path) -> None:
    save_chrome_trace(estimated(), tmp_path / "t.json")
    events = load(tmp_path / "t.json")["traceEvents"]
    names = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
    assert {event["tid"] for event in events} <= set(names)
    assert names[0] == "phases"
    steps = [event["args"]["past_tokens"] for event in events if event.get("cat") == "step"]
    assert len(steps) == UTTERANCES[0].tokens - 1
    assert all(later == earlier + 1 for earlier, later in pairwise(steps))
    ops = [event for event in events if event.get("tid", 0) > 0 and event["ph"] == "X"]
    assert all(event["args"]["module"] is not None and event["args"]["bound_by"] for event in ops)


def test_the_graphs_follow_the_schema_of_graph_builder(tmp_path: Path) -> None:
    save_model_explorer(estimated(), tmp_path / "me.json")
    collection = load(tmp_path / "me.json")
    assert set(collection) == {"label", "graphs"}
    assert [graph["id"] for graph in collection["graphs"]] == [str(p.phase) for p in estimated().phases]
    for graph in collection["graphs"]:
        ids = [node["id"] for node in graph["nodes"]]
        assert len(set(ids)) == len(ids)
        ports = {node["id"]: {data["id"] for data in node["outputsMetadata"]} for node in graph["nodes"]}
        for node in graph["nodes"]:
            assert set(node) <= {
                "id", "label", "namespace", "attrs", "incomingEdges", "outputsMetadata",
            }  # fmt: skip
            for pair in node.get("attrs", []):
                assert set(pair) == {"key", "value"}
                assert isinstance(pair["value"], str)
            for edge in node.get("incomingEdges", []):
                assert edge["sourceNodeOutputId"] in ports[edge["sourceNodeId"]]
        assert all(
            isinstance(text, str)
            for group in graph["groupNodeAttributes"].values()
            for text in group.values()
        )


def test_every_op_is_a_node_and_has_its_latency(tmp_path: Path) -> None:
    node_data = save_model_explorer(estimated(), tmp_path / "me.json")
    assert node_data == tmp_path / "me.latency.json"
    latencies, graphs = load(node_data), load(tmp_path / "me.json")["graphs"]
    total_ms = 0.0
    for phase, graph in zip(estimated().phases, graphs, strict=True):
        nodes = {node["id"] for node in graph["nodes"]}
        results = latencies[graph["id"]]["results"]
        assert set(results) == {op.name for op in phase.bound.graph.ops} <= nodes
        assert [stop["stop"] for stop in latencies[graph["id"]]["gradient"]] == [0.0, 0.5, 1.0]
        starts_s = phase.runs_per_utterance().mean() * float(estimated().start.latency_s.nominal.sum())
        total_ms += sum(result["value"] for result in results.values()) + starts_s * 1e3
    assert total_ms == pytest.approx(float(estimated().latency_s().nominal.mean()) * 1e3)


def test_an_unwritable_path_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(EdgeAsrError, match="cannot be written"):
        save_chrome_trace(estimated(), tmp_path / "missing" / "t.json")
