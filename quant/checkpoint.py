"""Packed checkpoints: a folder with bit-packed weights, the recipe, and what a recogniser needs besides.

    quantized.safetensors    codes packed to their bits, zero points too; scales and floats as float16
    manifest.json            recipe, architecture, versions, calibration counts, digest of the tensors
    config.json, generation_config.json, tokenizer and feature extractor files

Loading gives the same outputs bit for bit, because `quantize` computes with what is stored here.
"""

import hashlib
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from pydantic import BaseModel, ConfigDict
from transformers import (
    AutoConfig,
    GenerationConfig,
    MoonshineForConditionalGeneration,
    WhisperForConditionalGeneration,
)
from transformers.initialization import no_init_weights

from quant.attention import quantize_attention_
from quant.layers import replace_layers_
from quant.plan import make_plan
from quant.quantize import QuantizedModel
from quant.recipe_schema import recipe_mapping, recipe_of
from quant.replace_folder import recover_folder, replaced_folder
from quant.restructure import restructure_
from quant.shared_input import share_inputs_
from quant.tensor_file import (
    read_tensors,
    restore_floats_,
    restored_scales,
    restored_weights,
    stored_tensors,
    write_tensors,
)
from traces.documents import validated
from traces.errors import EdgeAsrError, unknown_name
from traces.faults import one_line

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TENSORS = "quantized.safetensors"
MANIFEST = "manifest.json"
FORMAT_VERSION = 1
MOST_PARAMETERS_PER_BYTE = 8
"""A bit each: no format has fewer."""

ARCHITECTURES: "dict[str, type[PreTrainedModel]]" = {
    "MoonshineForConditionalGeneration": MoonshineForConditionalGeneration,
    "WhisperForConditionalGeneration": WhisperForConditionalGeneration,
}

COMPANIONS = (
    "added_tokens.json",
    "merges.txt",
    "normalizer.json",
    "preprocessor_config.json",
    "processor_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
)
"""Files of a recogniser's folder that quantization leaves as they are."""


class Manifest(BaseModel):
    """What `manifest.json` says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format_version: int
    architecture: str
    recipe: dict[str, object]
    n_utterances: int
    n_tokens: int
    sha256: str
    versions: dict[str, str]


def save_quantized(quantized: QuantizedModel, folder: Path, *, source: Path | None = None) -> None:
    """Write a packed checkpoint; a former one in the folder is replaced only once the new one is complete.

    However the writing ends, the folder then holds the former checkpoint or the new one, whole.

    `source` is the folder of the float model, whose tokenizer and feature extractor are copied.

    Raises:
        EdgeAsrError: if the folder holds something other than a packed checkpoint, or cannot be written.
    """
    folder = folder.resolve()  # "." has no name that a folder beside it could be called by
    check_replaceable(folder)
    try:
        with replaced_folder(folder) as partial:
            _write(quantized, partial, source)
    except OSError as error:
        raise EdgeAsrError(
            f"'{folder}' cannot be written ({error.strerror}); choose another place"
        ) from error


def check_replaceable(folder: Path) -> None:
    """Verify that a checkpoint may be written in place of a folder: it is not there, or holds another one.

    Raises:
        EdgeAsrError: if it holds something else.
    """
    if folder.exists() and not (folder / MANIFEST).is_file():
        raise EdgeAsrError(f"'{folder}' exists and is no packed checkpoint; choose another folder")


def load_quantized(folder: Path) -> QuantizedModel:
    """Return the quantized network of a packed checkpoint.

    Raises:
        EdgeAsrError: naming the file, and the tensor where one is missing, truncated or of the wrong shape.
    """
    recover_folder(folder)
    manifest = read_manifest(folder)
    recipe = recipe_of(dict(manifest.recipe), where=f"{folder / MANIFEST}: recipe")
    file = folder / TENSORS
    tensors = read_tensors(file, sha256=manifest.sha256)
    model = _empty_model(folder, manifest.architecture, stored_bytes=file.stat().st_size)
    restructure_(model, recipe)
    plan = make_plan(model, recipe)
    weights = restored_weights(model, plan, tensors=tensors, file=file)
    replace_layers_(model, plan.layers, weights=weights, statics=restored_scales(plan, tensors, file=file))
    restore_floats_(model, tensors, file=file)
    quantize_attention_(model, plan.attention)
    share_inputs_(model, plan.attention)
    return QuantizedModel(model, recipe, n_utterances=manifest.n_utterances, n_tokens=manifest.n_tokens)


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a packed checkpoint.

    Raises:
        EdgeAsrError: if the folder holds none, or it cannot be read.
    """
    import json

    file = folder / MANIFEST
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise EdgeAsrError(f"'{folder}' holds no packed checkpoint: {MANIFEST} cannot be read") from error
    except ValueError as error:
        raise EdgeAsrError(f"'{file}' is no valid JSON; write the checkpoint again") from error
    if not isinstance(content, dict):
        raise EdgeAsrError(f"'{file}' is no manifest; write the checkpoint again")
    manifest = validated(content, Manifest, where=str(file))
    if manifest.format_version != FORMAT_VERSION:
        raise EdgeAsrError(
            f"'{file}' has format version {manifest.format_version}, this edgeasr reads {FORMAT_VERSION}"
        )
    return manifest


def _write(quantized: QuantizedModel, folder: Path, source: Path | None) -> None:
    write_tensors(stored_tensors(quantized.model), folder / TENSORS)
    quantized.model.config.save_pretrained(folder)
    quantized.model.generation_config.save_pretrained(folder)
    for name in COMPANIONS:
        if source is not None and (source / name).is_file():
            shutil.copyfile(source / name, folder / name)
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        architecture=type(quantized.model).__name__,
        recipe=recipe_mapping(quantized.recipe),
        n_utterances=quantized.n_utterances,
        n_tokens=quantized.n_tokens,
        sha256=hashlib.sha256((folder / TENSORS).read_bytes()).hexdigest(),
        versions={name: version(name) for name in ("torch", "transformers")},
    )
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _empty_model(folder: Path, architecture: str, *, stored_bytes: int) -> "PreTrainedModel":
    """Return a network of the folder's configuration whose parameters hold nothing yet.

    Raises:
        EdgeAsrError: if the configuration is none, or asks for more than `stored_bytes` can hold.
    """
    if architecture not in ARCHITECTURES:
        raise unknown_name("architecture", architecture, known=ARCHITECTURES)
    with one_line(f"the configuration in '{folder}' cannot be read", remedy="write the checkpoint again"):
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        generation = GenerationConfig.from_pretrained(folder, local_files_only=True)
    if not isinstance(config, ARCHITECTURES[architecture].config_class):
        raise EdgeAsrError(
            f"'{folder / MANIFEST}' says {architecture}, but the configuration beside it is of "
            f"'{config.model_type}'; write the checkpoint again"
        )
    with one_line(f"no network can be made of '{folder / 'config.json'}'"), torch.device("meta"):
        n_parameters = sum(each.numel() for each in ARCHITECTURES[architecture](config).parameters())
    if n_parameters > MOST_PARAMETERS_PER_BYTE * stored_bytes:
        raise EdgeAsrError(
            f"'{folder / 'config.json'}' asks for {n_parameters:,} parameters, more than the "
            f"{stored_bytes:,} bytes of {TENSORS} can hold; weights and configuration are of different models"
        )
    with no_init_weights():
        model = ARCHITECTURES[architecture](config).eval()
    model.tie_weights()  # which no_init_weights leaves out
    model.generation_config = generation
    return model
