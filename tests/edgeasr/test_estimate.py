"""`edgeasr estimate` as a user starts it."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from edgeasr.cli.app import main

WORDS = ["estimate", "whisper-tiny", "--chip", "ethos-u85-1024", "--recipe", "w8a8"]


def output(words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setattr("sys.argv", ["edgeasr", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_layers_and_phases_sum_to_the_total(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (total,) = json.loads(output([*WORDS, "--format", "json"], monkeypatch, capsys))
    phases = json.loads(output([*WORDS, "--by", "phase", "--format", "json"], monkeypatch, capsys))
    layers = json.loads(output([*WORDS, "--by", "layer", "--format", "json"], monkeypatch, capsys))
    assert sum(row["latency_s"] for row in phases) == pytest.approx(total["latency_s"])
    assert sum(row["energy_j"] for row in phases) == pytest.approx(total["energy_j"])
    assert sum(row["latency_s"] for row in layers) <= total["latency_s"] * (1 + 1e-9)
    assert total["latency_low_s"] <= total["latency_s"] <= total["latency_high_s"]


def test_layers_in_a_terminal_say_why_they_run_otherwise(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["estimate", "whisper-tiny", "--chip", "hexagon-htp-v75", "--recipe", "w8a16", "--by", "layer"]
    exact = json.loads(output([*words, "--format", "json"], monkeypatch, capsys))
    noted = [row["note"] for row in exact if row["note"]]
    monkeypatch.setattr("sys.argv", ["edgeasr", *words])
    monkeypatch.setenv("COLUMNS", "110")
    with pytest.raises(SystemExit):
        main()
    shown = capsys.readouterr()
    assert len(set(noted)) == 1
    assert f"{len(noted)} of {len(exact)} rows: {noted[0]}" in shown.err
    assert noted[0] not in shown.out
    assert all(len(line) <= 110 for line in shown.out.splitlines())


def test_csv_keeps_exact_values(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (exact,) = json.loads(output([*WORDS, "--format", "json"], monkeypatch, capsys))
    (row,) = csv.DictReader(io.StringIO(output([*WORDS, "--format", "csv"], monkeypatch, capsys)))
    assert float(row["latency_s"]) == exact["latency_s"]


def test_an_override_changes_the_answer_in_the_right_direction(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (stock,) = json.loads(output([*WORDS, "--format", "json"], monkeypatch, capsys))
    slower = [*WORDS, "--set", "levels.dram.bandwidth_bytes_per_s=100 MB/s", "--format", "json"]
    (starved,) = json.loads(output(slower, monkeypatch, capsys))
    assert starved["latency_s"] > stock["latency_s"]


def test_a_chosen_number_is_exact_and_said_to_be(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["estimate", "whisper-tiny", "--chip", "npu-template", "--format", "json"]
    (stock,) = json.loads(output(words, monkeypatch, capsys))
    path = "levels.dram.bandwidth_bytes_per_s"
    monkeypatch.setattr("sys.argv", ["edgeasr", *words, "--set", f"{path}=6GB/s"])
    with pytest.raises(SystemExit):
        main()
    said = capsys.readouterr()
    (chosen,) = json.loads(said.out)
    assert said.err == f"chosen, so low and high no longer cover their ranges: {path}\n"
    assert chosen["latency_s"] == stock["latency_s"]
    assert (
        stock["latency_low_s"] < chosen["latency_low_s"] < chosen["latency_high_s"] < stock["latency_high_s"]
    )


def test_a_timeline_and_a_graph_are_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    timeline, graph = tmp_path / "trace.json", tmp_path / "graph.json"
    output([*WORDS, "--chrome-trace", str(timeline), "--model-explorer", str(graph)], monkeypatch, capsys)
    assert json.loads(timeline.read_text())["traceEvents"]
    assert json.loads(graph.read_text())


def test_estimating_a_stored_graph_loads_no_heavy_library() -> None:
    script = (
        "import sys\n"
        "from edgeasr.cli.app import main\n"
        f"sys.argv = ['edgeasr', *{WORDS!r}]\n"
        "try:\n    main()\n"
        "except SystemExit:\n    pass\n"
        "heavy = {'torch', 'transformers', 'pandas', 'pyarrow', 'matplotlib', 'plotly', 'scipy', 'sympy'}\n"
        "sys.stderr.write(str(sorted(heavy & set(sys.modules))))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == "[]"


def test_a_network_without_audio_has_no_real_time_factor(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["estimate", "mlperf-tiny-kws", "--chip", "nucleo-l4r5zi", "--recipe", "w8a8", "--format", "json"]
    (row,) = json.loads(output(words, monkeypatch, capsys))
    assert row["rtf"] is None
    assert 0 < row["latency_low_s"] <= row["latency_s"] <= row["latency_high_s"]
