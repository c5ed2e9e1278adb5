"""Names and files of stored workloads, good and bad."""

import gzip
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from traces.dims import Dim
from traces.errors import EdgeAsrError
from traces.graph import Convolution
from traces.store import canonical_name, load_workload, pack_workload, read_workload, save_workload


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("whisper-tiny", "whisper-tiny"),
        ("openai/whisper-tiny.en", "whisper-tiny.en"),
        ("usefulsensors/Moonshine-base", "moonshine-base"),
        ("distil-whisper/distil-large-v3", "distil-large-v3"),
    ],
)
def test_names_and_hub_ids(given: str, stored: str) -> None:
    assert canonical_name(given) == stored


def test_an_unknown_name_offers_the_nearest() -> None:
    with pytest.raises(EdgeAsrError, match=r"unknown architecture 'whisper-tny'; did you mean whisper-tiny"):
        load_workload("whisper-tny")


def test_a_workload_survives_its_file(tmp_path: Path) -> None:
    workload = load_workload("moonshine-tiny")
    path = tmp_path / "deep" / "moonshine.json.gz"
    save_workload(workload, path)
    assert read_workload(path) == workload
    assert pack_workload(read_workload(path)) == path.read_bytes()


def test_convolutions_keep_their_axes(tmp_path: Path) -> None:
    workload = load_workload("whisper-micro")
    (encode,) = (graph for graph in workload.graphs if graph.phase == "encode")
    conv = encode.ops[0].extents
    assert isinstance(conv, Convolution)
    two = replace(
        conv, kernel=(3, 5), stride=(1, 2), in_size=(Dim("9"), Dim("8")), out_size=(Dim("7"), Dim("2"))
    )
    ops = (replace(encode.ops[0], extents=two), *encode.ops[1:])
    changed = replace(workload, graphs=(replace(encode, ops=ops),))
    save_workload(changed, tmp_path / "conv.json.gz")
    assert read_workload(tmp_path / "conv.json.gz") == changed


def packed(value: object) -> bytes:
    return gzip.compress(json.dumps(value).encode())


def damaged() -> dict[str, bytes]:
    whole = json.loads(gzip.decompress(pack_workload(load_workload("whisper-micro"))))
    return {
        "no gzip": b"plain text",
        "cut off": pack_workload(load_workload("whisper-micro"))[:-40],
        "no JSON": gzip.compress(b"{"),
        "a list": packed([1, 2]),
        "old": packed({**whole, "schema": 0}),
        "a missing key": packed({key: value for key, value in whole.items() if key != "formats"}),
        "a bad extent": packed({**whole, "dims": ["__import__('os')"] * len(whole["dims"])}),
        "a bad index": packed({**whole, "formats": []}),
    }


@pytest.mark.parametrize("damage", list(damaged()))
def test_a_damaged_file_is_one_clear_line(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "bad.json.gz"
    path.write_bytes(damaged()[damage])
    with pytest.raises(EdgeAsrError) as error:
        read_workload(path)
    assert "\n" not in str(error.value)


def test_where_a_workload_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EdgeAsrError, match=r"w.json.gz: cannot be written \(.*\); choose another place"):
        save_workload(load_workload("whisper-tiny.en"), tmp_path / "file" / "w.json.gz")


def test_a_missing_file_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(
        EdgeAsrError, match=r"no such stored workload; build it with python -m traces\.rebuild"
    ):
        read_workload(tmp_path / "absent.json.gz")


def test_loading_imports_neither_torch_nor_transformers() -> None:
    code = (
        "import sys; from traces.store import load_workload; load_workload('whisper-tiny.en');"
        "sys.exit(bool({'torch', 'transformers', 'networkx', 'pandas'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
