"""Every mistake is answered with one line, exit code 1 and no traceback."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

import asr
from edgeasr.cli.app import main

MODEL = Path(asr.__file__).parent / "bundled" / "models" / "whisper-micro"


def answer(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str]:
    monkeypatch.setattr("sys.argv", ["edgeasr", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0), capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "fragments"),
    [
        (["estimate", "whisper-tine", "--chip", "ethos-u85-1024"], ["whisper-tine", "whisper-tiny"]),
        (["estimate", "mlperf-tiny-kwz", "--chip", "gap9"], ["mlperf-tiny-kwz", "mlperf-tiny-kws"]),
        (
            ["estimate", "mlperf-tiny-kws", "--chip", "gap9", "--recipe", "w4a8"],
            ["w4a8", "did you mean w8a8"],
        ),
        (["estimate", "none.json.gz", "--chip", "gap9"], ["none.json.gz", "does not exist"]),
        (["estimate", "whisper-tiny", "--chip", "ethos-u85-1042"], ["ethos-u85-1042", "ethos-u85-1024"]),
        (["estimate", "whisper-tiny", "--chip", "ethos-u85-1024", "--recipe", "w8a9"], ["w8a9", "w8a8"]),
        (["estimate", "whisper-tiny", "--chip", "ethos-u85-1024", "--audio", "0"], ["0.0 s", "positive"]),
        (["estimate", "whisper-tiny", "--chip", "ethos-u85-1024", "--audio", "inf"], ["inf s", "finite"]),
        (
            ["estimate", "whisper-micro", "--chip", "npu-template", "--tokens", "100000"],
            ["whisper-micro", "100000 tokens", "max_tokens 62"],
        ),
        (["estimate", "", "--chip", "npu-template"], ["unknown model ''", "whisper-tiny"]),
        (["estimate", " ", "--chip", "npu-template"], ["unknown model ' '"]),
        (
            ["estimate", "whisper-micro", "--chip", "mcu-template", "--set", "units.core.speed=0"],
            ["speed: 0 is"],
        ),
        (["diff", ".", "."], ["'.' is no run folder", "layers.parquet"]),
        (
            ["estimate", "whisper-tiny", "--chip", "ethos-u85-1024", "--tokens", "0"],
            ["0 tokens", "at least 1"],
        ),
        (
            ["estimate", "whisper-tiny", "--chip", "ethos-u85-1024", "--set", "levels.srum.size_bytes=1MiB"],
            ["levels.srum.size_bytes", "levels.sram.size_bytes"],
        ),
        (
            ["estimate", "whisper-tiny", "--chip", "ethos-u85-1024", "--set", "levels.sram.size_bytes=1MHz"],
            ["1MHz", "unit"],
        ),
        (["evaluate", "whisper-mikro"], ["whisper-mikro", "whisper-micro"]),
        (["evaluate", "whisper-micro", "--corpus", "libri-clean"], ["libri-clean", "librispeech-clean"]),
        (["evaluate", "whisper-micro", "--corpus", "audiofolder:/none"], ["/none", "does not exist"]),
        (["quantize", "whisper-micro", "--recipe", "w8a9", "-o", "out"], ["w8a9", "w8a8"]),
        (["bits", "whisper-micro", "--budget", "latency=1"], ["give either --chip"]),
        (
            ["bits", "whisper-micro", "--chip", "gap9", "--budget", "latency=1"],
            ["unknown budget 'latency'", "did you mean latency_s?"],
        ),
        (
            ["bits", "whisper-micro", "--chip", "gap9", "--budget", "latency_s=1MiB"],
            ["latency_s", "wrong unit"],
        ),
        (["bits", "whisper-micro", "--chip", "gap8", "--budget", "latency_s=1"], ["gap8", "gap9"]),
        (
            ["bits", "whisper-micro", "--chip", "gap9", "--budget", "latency_s=1", "--formats", "w8a8,w44"],
            ["w44", "w4a8-g32"],
        ),
        (
            ["bits", "whisper-micro", "--chip", "gap9", "--budget", "latency_s=1", "--method", "awq"],
            ["awq", "gptq"],
        ),
        (["chips", "show", "nucleo"], ["nucleo"]),
        (["validate", "--measured", "none.csv"], ["none.csv", "cannot be read"]),
        (["calibrate", "gap9", "--measured", "none.csv"], ["none.csv", "cannot be read"]),
        (["calibrate", "gap8", "--measured", "none.csv"], ["gap8", "gap9"]),
        (
            ["calibrate", "gap9", "--with", "ndp120", "--fit", "a=*", "--measured", "x.csv"],
            ["--fit and --with"],
        ),
        (["calibrate", "gap9", "--with", "ndp12", "--measured", "none.csv"], ["ndp12", "ndp120"]),
        (["study", "none.yaml"], ["none.yaml", "cannot be read"]),
        (["sweep", "none.yaml"], ["none.yaml", "cannot be read"]),
        (["sweep"], ["the file of a sweep", "--resume"]),
        (["sweep", "--resume", "none"], ["none/sweep.yaml", "cannot be read"]),
        (["evaluate", "whisper-micro", "--cluster", "here"], ["'here'", "tcp://host:port"]),
        (["report", "none"], ["none/study.yaml", "cannot be read"]),
    ],
)
def test_one_line_says_what_and_offers_a_remedy(
    words: list[str],
    fragments: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, talk = answer(words, monkeypatch, capsys)
    assert code == 1
    assert talk.startswith("edgeasr: ")
    assert talk.count("\n") == 1
    for fragment in fragments:
        assert fragment in talk


@pytest.mark.parametrize(
    ("damage", "fragment"),
    [("missing", "model.safetensors"), ("truncated", "model.safetensors"), ("config", "config.json")],
)
def test_a_damaged_checkpoint_is_named(
    damage: str,
    fragment: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(MODEL, folder)
    weights = folder / "model.safetensors"
    match damage:
        case "missing":
            weights.unlink()
        case "truncated":
            weights.write_bytes(weights.read_bytes()[:100_000])
        case "config":
            (folder / "config.json").write_text("{")
    code, talk = answer(["evaluate", str(folder)], monkeypatch, capsys)
    assert code == 1
    assert fragment in talk
    assert talk.count("\n") == 1


@pytest.mark.parametrize(
    ("samples", "fragment"),
    [
        (np.zeros(0, dtype=np.float32), "clip.wav"),
        (np.full(16_000, np.nan, dtype=np.float32), "clip.wav"),
        (None, "clip.wav"),
    ],
    ids=["zero length", "NaN", "not audio"],
)
def test_a_bad_clip_is_named(
    samples: NDArray[np.float32] | None,
    fragment: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    clip = tmp_path / "clip.wav"
    if samples is None:
        clip.write_text("no audio here")
    else:
        soundfile.write(clip, samples, 16_000, subtype="FLOAT")
    (tmp_path / "metadata.csv").write_text("file_name,transcription\nclip.wav,yes\n")
    code, talk = answer(
        ["evaluate", "whisper-micro", "--corpus", f"audiofolder:{tmp_path}"], monkeypatch, capsys
    )
    assert code == 1
    assert fragment in talk
    assert talk.count("\n") == 1


def test_wrong_usage_is_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _ = answer(["estimate"], monkeypatch, capsys)
    assert code == 2
