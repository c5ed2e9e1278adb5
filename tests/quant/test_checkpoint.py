import json
import resource
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from quant.checkpoint import MANIFEST, TENSORS, load_quantized, read_manifest, save_quantized
from quant.methods.quik import QuikConfig
from quant.quantize import QuantizedModel, quantize
from quant.recipe import MethodStep, load_recipe
from tests.quant.networks import NETWORKS, calibration, logits, moonshine, whisper
from tests.quant.recipes import by_methods
from traces.errors import EdgeAsrError
from traces.formats import FLOAT16
from traces.graph import Role
from traces.recognisers import trace_recogniser


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints") / "w4"
    save_quantized(quantize(whisper(), load_recipe("w4a16-g32")), folder)
    return folder


def rewrite(folder: Path, into: Path, tensors: dict[str, torch.Tensor]) -> Path:
    """Copy a checkpoint with other tensors and a digest that fits them."""
    from hashlib import sha256

    into.mkdir()
    for file in folder.iterdir():
        (into / file.name).write_bytes(file.read_bytes())
    save_file(tensors, into / TENSORS)
    manifest = json.loads((into / MANIFEST).read_text())
    manifest["sha256"] = sha256((into / TENSORS).read_bytes()).hexdigest()
    (into / MANIFEST).write_text(json.dumps(manifest))
    return into


@pytest.mark.parametrize("family", NETWORKS)
@pytest.mark.parametrize("name", ["float", "w8a8", "w3a16-g32", "w8a8-static"])
def test_loading_gives_the_same_outputs_bit_for_bit(family: str, name: str, tmp_path: Path) -> None:
    model = NETWORKS[family]()
    recipe = load_recipe(name)
    data = calibration(model)
    quantized = quantize(model, recipe, calibration=data if recipe.needs_calibration else None)
    save_quantized(quantized, tmp_path / "packed")
    loaded = load_quantized(tmp_path / "packed")
    assert loaded.recipe == recipe
    assert loaded.n_tokens == quantized.n_tokens
    assert torch.equal(logits(loaded.model), logits(quantized.model))
    head, table = (
        loaded.model.get_submodule("proj_out"),
        loaded.model.get_submodule("model.decoder.embed_tokens"),
    )
    assert head.weight is table.weight


@pytest.mark.parametrize("recipe", ["float", "w8a16", "w4a16-g32", "w2a16-g32"])
@pytest.mark.parametrize("width", [64, 288])
def test_the_file_is_as_large_as_its_formats_say(recipe: str, width: int, tmp_path: Path) -> None:
    quantized = quantize(moonshine(width, heads=8), load_recipe(recipe))
    save_quantized(quantized, tmp_path / "packed")
    stored_bytes = sum(tensor.nbytes for tensor in load_file(tmp_path / "packed" / TENSORS).values())
    assert stored_bytes == expected_bytes(quantized)
    names_bytes = (tmp_path / "packed" / TENSORS).stat().st_size - stored_bytes
    assert names_bytes < 30_000  # safetensors' header: some 100 bytes per tensor


def expected_bytes(quantized: QuantizedModel) -> int:
    """Sum `Format.stored_bytes` over the float network's parameters, tied ones once."""
    total = 0.0
    seen: set[int] = set()
    network = moonshine(quantized.model.config.hidden_size, heads=8)
    for name, parameter in network.named_parameters():
        if id(parameter) not in seen:
            seen.add(id(parameter))
            module, _, part = name.rpartition(".")
            number = quantized.recipe.layer_formats(module).weight if part == "weight" else FLOAT16
            total += float(number.stored_bytes(parameter.shape[0], parameter[0].numel()))
    return int(total)


def test_a_checkpoint_of_the_same_network_has_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        save_quantized(quantize(whisper(), load_recipe("w3a16-g32")), tmp_path / name)
    first, second = (sorted((tmp_path / name).iterdir()) for name in ("first", "second"))
    assert [file.name for file in first] == [file.name for file in second]
    assert all(one.read_bytes() == other.read_bytes() for one, other in zip(first, second, strict=True))


def test_the_graph_of_a_loaded_checkpoint_holds_its_bytes(saved: Path) -> None:
    workload = trace_recogniser(load_quantized(saved).model, "loaded")
    weights = {
        tensor.name: tensor
        for graph in workload.graphs
        for tensor in graph.tensors
        if tensor.role is Role.WEIGHT
    }
    in_graph = sum(
        float(tensor.format.stored_bytes(int(tensor.rows.at({})), int(tensor.row_length.at({}))))
        for tensor in weights.values()
    )
    stored = load_file(saved / TENSORS)
    in_file = sum(
        tensor.nbytes
        for name, tensor in stored.items()
        if f"{name.rpartition('.')[0]}.weight" in weights and not name.endswith("bias")
    )
    assert in_file == in_graph


def test_companions_are_copied(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "tokenizer.json").write_text("{}")
    (source / "model.safetensors").write_text("not copied")
    save_quantized(quantize(whisper(), load_recipe("w8a16")), tmp_path / "packed", source=source)
    names = {file.name for file in (tmp_path / "packed").iterdir()}
    assert names == {TENSORS, MANIFEST, "config.json", "generation_config.json", "tokenizer.json"}


def test_a_former_checkpoint_is_replaced_and_nothing_else_is(saved: Path, tmp_path: Path) -> None:
    quantized = quantize(whisper(), load_recipe("w8a16"))
    save_quantized(quantized, tmp_path / "packed")
    save_quantized(quantized, tmp_path / "packed")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine")
    with pytest.raises(EdgeAsrError, match="other' exists and is no packed checkpoint"):
        save_quantized(quantized, tmp_path / "other")
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["other", "packed"]
    assert saved.is_dir()


def test_interrupted_writing_leaves_the_former_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quantized = quantize(whisper(), load_recipe("w8a16"))
    save_quantized(quantized, tmp_path / "packed")
    digest = read_manifest(tmp_path / "packed").sha256

    def fails(*_: object) -> dict[str, torch.Tensor]:
        raise KeyboardInterrupt

    monkeypatch.setattr("quant.checkpoint.stored_tensors", fails)
    with pytest.raises(KeyboardInterrupt):
        save_quantized(quantized, tmp_path / "packed")
    assert read_manifest(tmp_path / "packed").sha256 == digest
    assert [path.name for path in tmp_path.iterdir()] == ["packed"]


@pytest.mark.parametrize("renames", [0, 1])
def test_writing_cut_short_between_its_renames_leaves_the_former_checkpoint(
    renames: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_quantized(quantize(whisper(), load_recipe("w8a16")), tmp_path / "packed")
    rename, done = Path.rename, 0

    def fails(path: Path, target: Path) -> Path:
        nonlocal done
        done += 1
        if done == renames + 1:
            raise OSError(28, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(EdgeAsrError, match=r"packed' cannot be written \(No space left"):
        save_quantized(quantize(whisper(), load_recipe("w4a16-g32")), tmp_path / "packed")
    assert load_quantized(tmp_path / "packed").recipe.name == "w8a16"
    assert [path.name for path in tmp_path.iterdir()] == ["packed"]


def test_a_kill_between_the_renames_is_mended_when_the_checkpoint_is_next_named(tmp_path: Path) -> None:
    save_quantized(quantize(whisper(), load_recipe("w8a16")), tmp_path / "packed")
    (tmp_path / "packed").rename(tmp_path / ".packed.former")
    assert load_quantized(tmp_path / "packed").recipe.name == "w8a16"
    (tmp_path / "packed").rename(tmp_path / ".packed.former")
    save_quantized(quantize(whisper(), load_recipe("w4a16-g32")), tmp_path / "packed")
    assert load_quantized(tmp_path / "packed").recipe.name == "w4a16-g32"
    assert [path.name for path in tmp_path.iterdir()] == ["packed"]


def test_truncated_tensors_are_said_to_be(saved: Path, tmp_path: Path) -> None:
    tensors = load_file(saved / TENSORS)
    folder = rewrite(saved, tmp_path / "cut", tensors)
    (folder / TENSORS).write_bytes((folder / TENSORS).read_bytes()[:-100])
    with pytest.raises(EdgeAsrError, match=r"quantized.safetensors' is truncated or was changed"):
        load_quantized(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("drop", r"tensor 'model.encoder.layers.0.fc1.weight' is missing"),
        (
            "reshape",
            r"tensor 'model.encoder.layers.0.fc1.weight' is torch.uint8 \(128, 31\), .* need .*\(128, 32\)",
        ),
        ("retype", r"tensor 'model.encoder.layers.0.fc1.weight' is torch.float16"),
    ],
)
def test_tensors_that_do_not_fit(saved: Path, tmp_path: Path, change: str, message: str) -> None:
    tensors = load_file(saved / TENSORS)
    name = "model.encoder.layers.0.fc1.weight"
    match change:
        case "drop":
            del tensors[name]
        case "reshape":
            tensors[name] = tensors[name][:, :-1].contiguous()
        case "retype":
            tensors[name] = tensors[name].half()
    with pytest.raises(EdgeAsrError, match=message):
        load_quantized(rewrite(saved, tmp_path / "other", tensors))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"format_version": 1', '"format_version": 7', "has format version 7, this edgeasr reads 1"),
        (
            "WhisperForConditionalGeneration",
            "WhisperForEverything",
            "unknown architecture 'WhisperForEverything'",
        ),
        ("int4_g32_asym", "int4_g", r"manifest.json: recipe: layers.4.weight: unknown number format"),
        ("n_tokens", "tokens", "tokens: unknown key; did you mean n_tokens"),
        ("{", "", "is no valid JSON"),
    ],
)
def test_manifests_that_make_no_sense(saved: Path, tmp_path: Path, old: str, new: str, message: str) -> None:
    folder = rewrite(saved, tmp_path / "other", load_file(saved / TENSORS))
    text = (folder / MANIFEST).read_text()
    assert old in text
    (folder / MANIFEST).write_text(text.replace(old, new, 1))
    with pytest.raises(EdgeAsrError, match=message):
        load_quantized(folder)


def test_scales_that_are_no_numbers(saved: Path, tmp_path: Path) -> None:
    tensors = load_file(saved / TENSORS)
    name = "model.encoder.layers.0.fc1.scale"
    tensors[name][0, 0] = torch.nan
    with pytest.raises(EdgeAsrError, match=f"tensor '{name}' is NaN or infinite"):
        load_quantized(rewrite(saved, tmp_path / "other", tensors))


@pytest.mark.parametrize("columns", [[0, 64], [3, 3], [-1, 5], [7, 2]])
def test_columns_that_the_weight_does_not_have(columns: list[int], tmp_path: Path) -> None:
    recipe = replace(load_recipe("w3a16"), methods=(MethodStep("quik", QuikConfig(share=2 / 64)),))
    model = whisper()
    save_quantized(quantize(model, recipe, calibration=calibration(model)), tmp_path / "quik")
    tensors = load_file(tmp_path / "quik" / TENSORS)
    name = "model.encoder.layers.0.fc1.float_columns"
    assert tensors[name].shape == (2,)
    tensors[name] = torch.tensor(columns, dtype=torch.int16)
    with pytest.raises(EdgeAsrError, match=f"tensor '{name}' does not rise within 0 to 63"):
        load_quantized(rewrite(tmp_path / "quik", tmp_path / "other", tensors))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "the configuration in '.*' cannot be read"),
        ('{"model_type": ["whisper"]}', "the configuration in '.*' cannot be read"),
        (
            '{"model_type": "moonshine"}',
            "says WhisperForCond.* the configuration beside it is of 'moonshine'",
        ),
    ],
)
def test_a_configuration_that_does_not_fit(saved: Path, tmp_path: Path, content: str, message: str) -> None:
    folder = rewrite(saved, tmp_path / "other", load_file(saved / TENSORS))
    (folder / "config.json").write_text(content)
    with pytest.raises(EdgeAsrError, match=message):
        load_quantized(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vocab_size": 10**12}, r"config.json' asks for 64,000,0.* parameters, more than the .* bytes of"),
        ({"encoder_ffn_dim": 10**10}, r"parameters, more than the .*; weights and configuration are of"),
        ({"vocab_size": 2**62}, "no network can be made of '.*config.json'"),
        ({"d_model": 63}, "no network can be made of '.*config.json'"),
    ],
)
def test_a_network_that_the_tensors_cannot_fill_is_never_made(
    saved: Path, tmp_path: Path, changes: dict[str, int], message: str
) -> None:
    folder = rewrite(saved, tmp_path / "other", load_file(saved / TENSORS))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))
    with pytest.raises(EdgeAsrError, match=message):
        load_quantized(folder)


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file may grow beyond 4 KiB, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_is_one_clear_line(tmp_path: Path) -> None:
    quantized = quantize(whisper(), load_recipe("w8a16"))
    with pytest.raises(EdgeAsrError, match=r"cannot be written \(.*\); choose another place"):
        save_quantized(quantized, tmp_path / "packed")
    assert not (tmp_path / "packed").exists()
    with pytest.raises(EdgeAsrError, match="cannot be written"):
        quantize(
            whisper(), by_methods("w4a16-g32", "gptq"), calibration=calibration(whisper()), resume=tmp_path
        )


def test_the_folder_one_stands_in_may_be_written_again(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = rewrite(saved, tmp_path / "here", load_file(saved / TENSORS))
    monkeypatch.chdir(folder)
    save_quantized(load_quantized(saved), Path())
    assert torch.equal(logits(load_quantized(folder).model), logits(load_quantized(saved).model))


def test_a_folder_without_a_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(EdgeAsrError, match="holds no packed checkpoint"):
        load_quantized(tmp_path)
