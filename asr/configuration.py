"""A checkpoint's `config.json`, checked before a network is made of it. Imports transformers."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from transformers import AutoConfig

from asr.checkpoints import Shape
from asr.recogniser import Family
from traces.errors import EdgeAsrError
from traces.faults import REMEDY, one_line

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

LAYERS: dict[Family, tuple[str, str]] = {
    "whisper": ("encoder_layers", "decoder_layers"),
    "moonshine": ("encoder_num_hidden_layers", "decoder_num_hidden_layers"),
}

EXTENTS: dict[Family, tuple[str, ...]] = {
    "whisper": (
        *LAYERS["whisper"],
        "vocab_size",
        "d_model",
        "encoder_attention_heads",
        "decoder_attention_heads",
        "encoder_ffn_dim",
        "decoder_ffn_dim",
        "num_mel_bins",
        "max_source_positions",
        "max_target_positions",
    ),
    "moonshine": (
        *LAYERS["moonshine"],
        "vocab_size",
        "hidden_size",
        "intermediate_size",
        "encoder_num_attention_heads",
        "decoder_num_attention_heads",
        "encoder_num_key_value_heads",
        "decoder_num_key_value_heads",
        "max_position_embeddings",
    ),
}
"""What counts something, and so is a whole number of at least 1."""

SHARES: dict[Family, tuple[str, ...]] = {
    "whisper": (
        "dropout",
        "attention_dropout",
        "activation_dropout",
        "encoder_layerdrop",
        "decoder_layerdrop",
    ),
    "moonshine": ("attention_dropout",),
}
"""What is a share from 0 to 1. Torch looks at these when the network runs, even where nothing is dropped."""


def read_config(folder: Path) -> tuple["PreTrainedConfig", Family]:
    """Return a checkpoint's configuration and the family of its network.

    Raises:
        EdgeAsrError: there is none, it or that of generation is damaged, it is of another family, an
            extent is not positive, or a share is none.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise EdgeAsrError(f"'{folder}' holds no model: config.json is missing")
    stated = _mapping(path).get("model_type")
    family = next((known for known in EXTENTS if known == stated), None)
    if family is None:
        raise EdgeAsrError(
            f"'{path}' has model_type {stated!r}; families that can be loaded: {', '.join(EXTENTS)}"
        )
    generation = folder / "generation_config.json"
    if generation.is_file():
        _mapping(generation)  # transformers takes its own defaults where this one is damaged
    with one_line(f"'{path}' cannot be read", remedy=REMEDY):
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
    for name in EXTENTS[family]:
        value = getattr(config, name)
        if type(value) is not int or value < 1:
            raise EdgeAsrError(f"'{path}' has {name} {value!r}; it must be a whole number of at least 1")
    for name in SHARES[family]:
        value = getattr(config, name)
        if type(value) not in (int, float) or not 0 <= value <= 1:
            raise EdgeAsrError(f"'{path}' has {name} {value!r}; it must be a number from 0 to 1")
    return config, family


def _mapping(path: Path) -> dict[str, object]:
    with one_line(f"'{path}' cannot be read", remedy=REMEDY):
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise EdgeAsrError(f"'{path}' holds a {type(content).__name__}, not a mapping of keys to values")
        return content


def check_depth(folder: Path, config: "PreTrainedConfig", *, stored: Mapping[str, Shape]) -> None:
    """Verify that there may be a tensor for every layer: a network of a billion would never be made.

    Raises:
        EdgeAsrError: the configuration asks for more layers than tensors are stored.
    """
    for name in LAYERS[config.model_type]:
        n_layers = getattr(config, name)
        if n_layers > len(stored):
            raise EdgeAsrError(
                f"'{folder / 'config.json'}' has {name} {n_layers}, but {len(stored)} tensors are stored; "
                "weights and configuration are of different models"
            )
