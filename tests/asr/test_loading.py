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


NAMED_AS = {
    "config.json": "config",
    "generation_config.json": "generation",
    "preprocessor_config.json": "feature extractor",
    "tokenizer.json": "tokenizer",
    "tokenizer_config.json": "tokenizer",
}
"""What a message calls each file of a checkpoint."""


def message(folder: Path) -> str:
    with pytest.raises(EdgeAsrError) as caught:
        load_recogniser(folder)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)
    return str(caught.value)


def test_a_whisper_loads_with_its_window_and_prompt(whisper_folder: Path) -> None:
    recogniser = load_recogniser(whisper_folder)
    assert (recogniser.family, recogniser.prompt_ids, recogniser.eos_ids) == ("whisper", (1, 3), (2,))
    assert (recogniser.window_s, recogniser.token_cap) == (2.0, WHISPER_CAP)
    assert (recogniser.dtype, recogniser.device) == ("float32", "cpu")
    assert recogniser.revision.startswith("sha256:")
    assert not recogniser.model.training


def test_a_moonshine_loads_with_its_window_and_prompt(moonshine_folder: Path) -> None:
    recogniser = load_recogniser(moonshine_folder)
    assert (recogniser.family, recogniser.prompt_ids, recogniser.eos_ids) == ("moonshine", (1,), (2,))
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


def test_a_folder_without_a_configuration_is_no_model(broken: Path) -> None:
    (broken / "config.json").unlink()
    assert "config.json is missing" in message(broken)


def test_config_that_is_no_json(broken: Path) -> None:
    (broken / "config.json").write_text("{")
    assert "cannot be read" in message(broken)


def test_another_architecture_is_refused(broken: Path) -> None:
    (broken / "config.json").write_text(json.dumps({"model_type": "bert"}))
    assert "model_type 'bert'; families that can be loaded: whisper, moonshine" in message(broken)


def test_missing_weights_are_said_to_be(broken: Path) -> None:
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
def test_truncated_weights_are_said_to_be(broken: Path, kept_bytes: int) -> None:
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
    assert (recogniser.prompt_ids, recogniser.eos_ids) == ((1, 3), (2,))


@pytest.mark.parametrize("name", ["preprocessor_config.json", "tokenizer.json"])
def test_a_companion_file_missing(broken: Path, name: str) -> None:
    (broken / name).unlink()
    assert NAMED_AS[name] in message(broken)


def edit(file: Path, **changes: object) -> None:
    """Write some keys of a JSON file anew."""
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"model_type": ["whisper"]}, "model_type ['whisper']; families that can be loaded"),
        ({"model_type": None}, "model_type None; families that can be loaded"),
        ({"d_model": "abc"}, "d_model"),
        ({"d_model": -16}, "has d_model -16; it must be a whole number of at least 1"),
        ({"encoder_layers": -1}, "has encoder_layers -1; it must be"),
        ({"decoder_layers": 10**9}, "has decoder_layers 1000000000, but 50 tensors are stored"),
        ({"encoder_attention_heads": 0}, "has encoder_attention_heads 0; it must be"),
        ({"encoder_attention_heads": 3}, "must be divisible by num_heads"),
        ({"max_source_positions": 0}, "has max_source_positions 0; it must be"),
        ({"dropout": 1.5}, "has dropout 1.5; it must be a number from 0 to 1"),
        ({"attention_dropout": -0.1}, "has attention_dropout -0.1; it must be"),
        ({"decoder_layerdrop": float("nan")}, "has decoder_layerdrop nan; it must be"),
        ({"activation_function": "swoosh"}, "config.json': KeyError: 'swoosh'"),
        ({"pad_token_id": 10**6}, "Padding_idx must be within num_embeddings"),
    ],
)
def test_a_configuration_of_no_network(broken: Path, changes: dict[str, object], reason: str) -> None:
    edit(broken / "config.json", **changes)
    assert reason in message(broken)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"hidden_size": 0}, "it must be a whole number of at least 1"),
        ({"num_hidden_layers": -1}, "it must be a whole number of at least 1"),
        ({"encoder_num_key_value_heads": 0}, "it must be a whole number of at least 1"),
        ({"attention_dropout": 2}, "has attention_dropout 2; it must be a number from 0 to 1"),
    ],
)
def test_a_configuration_of_no_moonshine(
    moonshine_folder: Path, tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    folder = Path(shutil.copytree(moonshine_folder, tmp_path / "model"))
    edit(folder / "config.json", **changes)
    assert reason in message(folder)


@pytest.mark.parametrize("content", ["[]", "3", "null", '"whisper"', "[" * 100_000])
@pytest.mark.parametrize(
    "name",
    [
        "config.json",
        "generation_config.json",
        "preprocessor_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ],
)
def test_a_file_without_keys(broken: Path, name: str, content: str) -> None:
    (broken / name).write_text(content)
    assert NAMED_AS[name] in message(broken)


def test_a_tokenizer_without_its_keys(broken: Path) -> None:
    (broken / "tokenizer.json").write_text("{}")
    assert "tokenizer" in message(broken)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"eos_token_id": None}, "is None; it must be a token of the vocabulary, 0 to 63"),
        ({"eos_token_id": []}, "is []"),
        ({"eos_token_id": [2, 64]}, "is 64"),
        ({"eos_token_id": -1}, "is -1"),
        ({"decoder_start_token_id": None}, "is None"),
        ({"decoder_start_token_id": 10**9}, "is 1000000000"),
        ({"is_multilingual": True}, "has no token '<|en|>', which prompts the network"),
    ],
)
def test_tokens_that_are_none(broken: Path, changes: dict[str, object], reason: str) -> None:
    edit(broken / "generation_config.json", **changes)
    text = message(broken)
    assert next(iter(changes)) in text or "<|en|>" in text
    assert reason in text


def test_several_tokens_may_end_a_text(broken: Path) -> None:
    edit(broken / "generation_config.json", eos_token_id=[2, 5])
    assert load_recogniser(broken).eos_ids == (2, 5)


def test_the_feature_extractor_of_another_family(broken: Path, moonshine_folder: Path) -> None:
    shutil.copy(moonshine_folder / "preprocessor_config.json", broken)
    assert "is a Wav2Vec2FeatureExtractor, but whisper needs a WhisperFeatureExtractor" in message(broken)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sampling_rate": 8_000}, "has sampling_rate 8000 where the network needs 16000"),
        ({"feature_size": 128}, "has feature_size 128 where the network needs 80"),
        ({"feature_size": 10**9}, "has feature_size 1000000000 where the network needs 80"),
        ({"chunk_length": 30}, "has chunk_length 30 where the network needs 2"),
        ({"chunk_length": "abc"}, "has chunk_length 'abc' where the network needs 2"),
        ({"hop_length": 80}, "has hop_length 80 where the network needs 160"),
        ({"n_fft": 0}, "has n_fft 0 where the network needs 400"),
        ({"padding_side": "top"}, "cannot be read: Invalid padding strategy:top"),
        ({"padding_value": "abc"}, "cannot be read: could not convert string to float"),
    ],
)
def test_a_feature_extractor_of_another_network(
    broken: Path, changes: dict[str, object], reason: str
) -> None:
    edit(broken / "preprocessor_config.json", **changes)
    assert reason in message(broken)


@pytest.mark.parametrize(
    ("index", "reason"),
    [
        ('{"weight_map": {', "model.safetensors.index.json' cannot be read"),
        ("{}", "weight_map: is missing"),
        ("[]", "top level"),
        ('{"weight_map": ["model-1.safetensors"]}', "weight_map"),
        ('{"weight_map": {"a": 3}}', "weight_map.a: 3"),
    ],
)
def test_a_damaged_index(broken: Path, index: str, reason: str) -> None:
    (broken / WEIGHTS).unlink()
    (broken / "model.safetensors.index.json").write_text(index)
    assert reason in message(broken)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ([], "top level"),
        ({"a": {"dtype": "F32", "shape": [1]}}, "a.data_offsets: is missing"),
        ({"a": {"dtype": "F32", "data_offsets": [0, 4]}}, "a.shape: is missing"),
        ({"a": {"dtype": "F32", "shape": [1], "data_offsets": None}}, "a.data_offsets: None"),
        ({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, "abc"]}}, "a.data_offsets.1: 'abc'"),
        ({"a": {"dtype": "F32", "shape": 1, "data_offsets": [0, 4]}}, "a.shape: 1"),
        ({"a": 3}, "a: 3"),
    ],
)
def test_a_damaged_header(broken: Path, header: object, reason: str) -> None:
    content = json.dumps(header).encode()
    (broken / WEIGHTS).write_bytes(len(content).to_bytes(8, "little") + content + bytes(64))
    text = message(broken)
    assert "header" in text
    assert reason in text


def test_a_header_that_the_library_refuses(broken: Path) -> None:
    """The offsets of a tensor are moved by a byte: nothing but reading it finds that."""
    content = (broken / WEIGHTS).read_bytes()
    n_bytes = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + n_bytes])
    first = min(
        (name for name in header if name != "__metadata__"), key=lambda name: header[name]["data_offsets"]
    )
    header[first]["data_offsets"][0] += 1
    changed = json.dumps(header).encode()
    (broken / WEIGHTS).write_bytes(len(changed).to_bytes(8, "little") + changed + content[8 + n_bytes :])
    assert message(broken).startswith(f"cannot load the model in '{broken}': ")


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
