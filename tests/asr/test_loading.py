import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from asr.checkpoints import read_shapes, weight_files
from asr.models import load_recogniser
from asr.recogniser import MOONSHINE_CAP, WHISPER_CAP, TokenCap
from traces.errors import EdgeAsrError

WEIGHTS = "model.safetensors"


@pytest.fixture
def broken(whisper_folder: Path, tmp_path: Path) -> Path:
    """Return a copy of the Whisper checkpoint, to be damaged."""
    return Path(shutil.copytree(whisper_folder, tmp_path / "model"))


def message(folder: Path) -> str:
    with pytest.raises(EdgeAsrError) as caught:
        load_recogniser(folder)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)
    return str(caught.value)


def test_whisper_loads(whisper_folder: Path) -> None:
    recogniser = load_recogniser(whisper_folder)
    assert (recogniser.family, recogniser.prompt_ids, recogniser.eos_id) == ("whisper", (1, 3), 2)
    assert (recogniser.window_s, recogniser.token_cap) == (2.0, WHISPER_CAP)
    assert (recogniser.dtype, recogniser.device) == ("float32", "cpu")
    assert recogniser.revision.startswith("sha256:")
    assert not recogniser.model.training


def test_moonshine_loads(moonshine_folder: Path) -> None:
    recogniser = load_recogniser(moonshine_folder)
    assert (recogniser.family, recogniser.prompt_ids, recogniser.eos_id) == ("moonshine", (1,), 2)
    assert (recogniser.window_s, recogniser.token_cap) == (64.0, MOONSHINE_CAP)


def test_dtype_and_cap_are_as_asked_for(whisper_folder: Path) -> None:
    cap = TokenCap(tokens_per_s=1.0, extra_tokens=1)
    recogniser = load_recogniser(whisper_folder, dtype="bfloat16", token_cap=cap)
    assert (recogniser.dtype, recogniser.token_cap) == ("bfloat16", cap)
    with pytest.raises(EdgeAsrError, match="unknown dtype 'float61'; did you mean float16"):
        load_recogniser(whisper_folder, dtype="float61")


def test_a_device_that_is_not_there_is_one_line(whisper_folder: Path) -> None:
    with pytest.raises(EdgeAsrError, match="device 'nonsense' cannot be used"):
        load_recogniser(whisper_folder, device="nonsense")


def test_the_cap_is_the_leaderboards() -> None:
    assert MOONSHINE_CAP.limit(10.0) == 67  # 6.5 * 10 + 2
    assert MOONSHINE_CAP.limit(0.1) == 2
    assert WHISPER_CAP.limit(30.0) == 232


def test_config_missing(broken: Path) -> None:
    (broken / "config.json").unlink()
    assert "config.json is missing" in message(broken)


def test_config_that_is_no_json(broken: Path) -> None:
    (broken / "config.json").write_text("{")
    assert "cannot be read" in message(broken)


def test_another_architecture(broken: Path) -> None:
    (broken / "config.json").write_text(json.dumps({"model_type": "bert"}))
    assert "model_type 'bert'; families that can be loaded: whisper, moonshine" in message(broken)


def test_weights_missing(broken: Path) -> None:
    (broken / WEIGHTS).unlink()
    assert message(broken).startswith("weights missing")


def test_pickled_weights_are_never_loaded(broken: Path) -> None:
    (broken / WEIGHTS).unlink()
    torch.save({}, broken / "pytorch_model.bin")
    assert "'pytorch_model.bin' is a pickle, which is never loaded" in message(broken)


def test_a_shard_missing(broken: Path) -> None:
    (broken / WEIGHTS).unlink()
    index = {"weight_map": {"model.encoder.conv1.weight": "model-00001-of-00002.safetensors"}}
    (broken / "model.safetensors.index.json").write_text(json.dumps(index))
    assert "names 'model-00001-of-00002.safetensors'" in message(broken)


@pytest.mark.parametrize("kept_bytes", [4, 100, -1])
def test_truncated_weights(broken: Path, kept_bytes: int) -> None:
    content = (broken / WEIGHTS).read_bytes()
    (broken / WEIGHTS).write_bytes(content[:kept_bytes])
    assert message(broken).startswith("weights truncated")


def test_weights_that_are_no_safetensors(broken: Path) -> None:
    (broken / WEIGHTS).write_bytes((16).to_bytes(8, "little") + b"x" * 64)
    assert "is not a safetensors file" in message(broken)


def test_a_tensor_of_the_wrong_shape(broken: Path) -> None:
    tensors = load_file(broken / WEIGHTS)
    tensors["model.encoder.conv1.weight"] = torch.zeros(16, 128, 3)
    save_file(tensors, broken / WEIGHTS)
    text = message(broken)
    assert "'model.encoder.conv1.weight'" in text
    assert "(16, 128, 3) where config.json asks for (16, 80, 3)" in text


def test_a_tensor_missing(broken: Path) -> None:
    tensors = load_file(broken / WEIGHTS)
    del tensors["model.decoder.layer_norm.weight"]
    save_file(tensors, broken / WEIGHTS)
    assert "tensor 'model.decoder.layer_norm.weight' (16,) is not stored" in message(broken)


def test_without_a_generation_config_the_model_config_counts(broken: Path) -> None:
    (broken / "generation_config.json").unlink()
    recogniser = load_recogniser(broken)
    assert (recogniser.prompt_ids, recogniser.eos_id) == ((1, 3), 2)


@pytest.mark.parametrize("name", ["preprocessor_config.json", "tokenizer.json"])
def test_a_companion_file_missing(broken: Path, name: str) -> None:
    (broken / name).unlink()
    message(broken)


def test_shapes_are_read_from_the_header(whisper_folder: Path) -> None:
    (file,) = weight_files(whisper_folder)
    expected = {name: tuple(tensor.shape) for name, tensor in load_file(file).items()}
    assert read_shapes(file) == expected


def test_equal_folders_have_equal_revisions(whisper_folder: Path, broken: Path) -> None:
    first = load_recogniser(whisper_folder).revision
    assert load_recogniser(broken).revision == first
    tensors = load_file(broken / WEIGHTS)
    save_file(tensors | {"model.encoder.conv1.weight": torch.zeros(16, 80, 3)}, broken / WEIGHTS)
    assert load_recogniser(broken).revision != first
