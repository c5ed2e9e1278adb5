"""A packed checkpoint through the commands: it is costed and measured in the formats it is stored in."""

import json
from pathlib import Path

import pytest

from asr.models import BUNDLED_MODELS, load_recogniser
from edgeasr.cli.app import main
from quant.checkpoint import save_quantized
from quant.quantize import quantize
from quant.recipe import load_recipe

MODEL = "whisper-micro"


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packed") / "w4a8"
    quantized = quantize(load_recogniser(MODEL).model, load_recipe("w4a8-g32"))
    save_quantized(quantized, folder, source=BUNDLED_MODELS / MODEL)
    return folder


def run(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["edgeasr", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def test_it_costs_what_its_recipe_costs(
    packed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rest = ["--chip", "ethos-u85-1024", "--format", "json"]
    _, stored, _ = run(["estimate", str(packed), *rest], monkeypatch, capsys)
    _, annotated, _ = run(["estimate", MODEL, "--recipe", "w4a8-g32", *rest], monkeypatch, capsys)
    (first,), (second,) = json.loads(stored), json.loads(annotated)
    assert first["recipe"] == "as stored"
    assert first["latency_s"] == second["latency_s"]
    assert first["energy_j"] == second["energy_j"]


@pytest.mark.parametrize("command", ["estimate", "evaluate", "quantize"])
def test_a_second_recipe_is_refused(
    packed: Path, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rest = {"estimate": ["--chip", "npu-template"], "evaluate": [], "quantize": ["-o", "none"]}[command]
    code, _, talk = run([command, str(packed), "--recipe", "w8a8", *rest], monkeypatch, capsys)
    assert code == 1
    assert "is quantized already" in talk
    assert talk.count("\n") == 1
