"""`edgeasr quantize` from the command line: what it writes, shows and says, and how it goes on."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from safetensors.torch import load_file

from edgeasr.cli.app import main
from quant.checkpoint import TENSORS, read_manifest
from quant.methods.problem import BlockResult
from quant.recipe import save_recipe
from quant.resume import BlockStore
from tests.quant.recipes import by_methods

MODEL = "moonshine-micro"
DETAIL_FILES = {"details.csv", "details.png"}


def run(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["edgeasr", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_details_are_shown_and_kept_beside_the_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["quantize", MODEL, "--recipe", "w8a8-static", "-o", str(tmp_path / "packed"), "--limit", "3"]
    code, out, err = run([*words, "--details", "--format", "json"], monkeypatch, capsys)
    assert code == 0
    rows = json.loads(out)
    assert rows[0]["module"] == "model.encoder.conv1"
    assert all(0 < row["relative_error"] < 0.1 for row in rows)
    assert names(tmp_path / "packed") > DETAIL_FILES
    assert (tmp_path / "packed" / "details.csv").read_text().count("\n") == len(rows) + 1
    assert names(tmp_path) == {"packed"}
    assert f"packed checkpoint: {tmp_path / 'packed'}" in err
    manifest = read_manifest(tmp_path / "packed")
    assert manifest.n_utterances == 3
    assert manifest.n_tokens > 3
    code, out, _ = run(
        ["evaluate", str(tmp_path / "packed"), "--limit", "2", "--format", "json"], monkeypatch, capsys
    )
    assert code == 0
    assert json.loads(out)[0]["n_utterances"] == 2


def test_held_out_details_are_those_of_other_utterances(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["quantize", MODEL, "--recipe", "w8a8-static", "--limit", "2", "--format", "json"]
    _, seen, _ = run([*words, "-o", str(tmp_path / "a"), "--details"], monkeypatch, capsys)
    _, unseen, _ = run([*words, "-o", str(tmp_path / "b"), "--held-out"], monkeypatch, capsys)
    assert json.loads(seen)[0]["input_absmax"] != json.loads(unseen)[0]["input_absmax"]
    assert (tmp_path / "a" / TENSORS).read_bytes() == (tmp_path / "b" / TENSORS).read_bytes()


def test_held_out_utterances_follow_long_ones_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An utterance of three windows is one utterance: the second of the corpus is the first held out."""
    noise = np.random.default_rng(0).normal(scale=0.1, size=20 * 16_000)  # windows are 8 s long
    for name, scale in (("a", 1.0), ("b", 2.0)):
        soundfile.write(tmp_path / f"{name}.wav", scale * noise, 16_000)
    (tmp_path / "metadata.csv").write_text("file_name,transcription\na.wav,\nb.wav,\n")
    words = ["quantize", "whisper-micro", "--recipe", "w8a8-static", "-o", str(tmp_path / "packed")]
    words += ["--calibration", f"audiofolder:{tmp_path}", "--limit", "1", "--held-out", "--format", "json"]
    code, out, err = run(words, monkeypatch, capsys)
    assert code == 0, err
    assert json.loads(out)[0]["module"] == "model.encoder.conv1"
    assert read_manifest(tmp_path / "packed").n_utterances == 1


def test_a_parquet_table_goes_to_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["quantize", MODEL, "--recipe", "w4a16-g32", "-o", str(tmp_path / "packed"), "--details"]
    code, out, err = run([*words, "--format", "parquet"], monkeypatch, capsys)
    assert (code, out) == (0, "")
    assert "details.parquet" in names(tmp_path / "packed")
    assert "calibration on" not in err  # rounding to nearest looks at nothing


@pytest.fixture
def by_gptq(tmp_path: Path) -> Path:
    path = tmp_path / "gptq.yaml"
    save_recipe(by_methods("w4a16-g32", "gptq"), path)
    return path


def test_interrupted_work_goes_on_with_the_same_command_and_ends_in_the_same_bytes(
    by_gptq: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["quantize", MODEL, "--recipe", str(by_gptq), "--limit", "3"]
    code, _, err = run([*words, "-o", str(tmp_path / "whole")], monkeypatch, capsys)
    assert code == 0
    assert "note: the decoder sees" in err
    assert "gptq: 10 of 10, error 0." in err
    save, saved = BlockStore.save, 0

    def dies(store: BlockStore, step: str, block: str, *, result: BlockResult) -> None:
        nonlocal saved
        saved += 1
        if saved == 4:
            raise KeyboardInterrupt
        save(store, step, block, result=result)

    with monkeypatch.context() as patched:
        patched.setattr(BlockStore, "save", dies)
        code, _, err = run([*words, "-o", str(tmp_path / "packed")], patched, capsys)
    assert code == 130
    assert f"interrupted; the same command goes on from {tmp_path / '.packed.unfinished'}" in err
    assert names(tmp_path) == {"gptq.yaml", "whole", ".packed.unfinished"}
    with monkeypatch.context() as patched:
        patched.setattr(BlockStore, "save", lambda *_, **__: finished.append(1))
        finished: list[int] = []
        code, _, _ = run([*words, "-o", str(tmp_path / "packed")], patched, capsys)
    assert code == 0
    assert len(finished) == 10 - 3
    assert names(tmp_path) == {"gptq.yaml", "whole", "packed"}
    whole, packed = (tmp_path / name / TENSORS for name in ("whole", "packed"))
    assert load_file(whole).keys() == load_file(packed).keys()
    assert whole.read_bytes() == packed.read_bytes()


def test_a_folder_of_something_else_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    monkeypatch.setattr("asr.models.load_recogniser", lambda _: pytest.fail("work was begun"))
    code, _, err = run(["quantize", MODEL, "--recipe", "w8a8", "-o", str(tmp_path)], monkeypatch, capsys)
    assert code == 1
    assert "is no packed checkpoint; choose another folder" in err
