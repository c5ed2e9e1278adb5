"""From a checkpoint folder to a `Recogniser`. Imports torch and transformers."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from transformers import (
    MoonshineForConditionalGeneration,
    WhisperForConditionalGeneration,
)
from transformers.utils import logging as transformers_logging

from asr.checkpoints import Shape, check_shapes, digest, read_shapes, weight_files
from asr.companions import eos_ids, load_extractor, load_tokenizer, prompt_ids
from asr.configuration import check_depth, read_config
from asr.recogniser import FAMILY_CAPS, Family, Recogniser, TokenCap
from quant.checkpoint import TENSORS, load_quantized
from traces.errors import EdgeAsrError, unknown_name
from traces.faults import REMEDY, one_line, reason_of
from traces.whisper import window_s

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel

MODEL_CLASSES: dict[Family, type["PreTrainedModel"]] = {
    "whisper": WhisperForConditionalGeneration,
    "moonshine": MoonshineForConditionalGeneration,
}

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}

MOONSHINE_WINDOW_S = 64.0
"""Longest audio that Moonshine's own `transcribe` accepts (moonshine-ai/moonshine, `assert_audio_size`)."""


def load_folder(
    folder: Path, *, name: str, revision: str | None, device: str, dtype: str, token_cap: TokenCap | None
) -> Recogniser:
    """Load a recogniser from a folder in transformers' layout, checking its weights first.

    A packed checkpoint of a quantized network loads the same way; it computes as its recipe says, and `dtype`
    does not apply to it.

    Raises:
        EdgeAsrError: as `asr.models.load_recogniser`.
    """
    if dtype not in DTYPES:
        raise unknown_name("dtype", dtype, known=DTYPES)
    with one_line(f"cannot load the model in '{folder}'", remedy=REMEDY):
        config, family = read_config(folder)
        packed = folder / TENSORS
        files = (packed,) if packed.is_file() else weight_files(folder)
        stored = {key: shape for file in files for key, shape in read_shapes(file).items()}
        check_depth(folder, config, stored=stored)
        model = (
            load_quantized(folder).model
            if packed.is_file()
            else _float_model(folder, config, family=family, stored=stored, dtype=dtype)
        )
        tokenizer = load_tokenizer(folder)
        return Recogniser(
            model=_move(model, device),
            feature_extractor=load_extractor(folder, config, family=family),
            tokenizer=tokenizer,
            family=family,
            name=name,
            revision=revision or digest(files),
            prompt_ids=prompt_ids(model, tokenizer, folder=folder),
            eos_ids=eos_ids(model, folder=folder),
            window_s=window_s(config) if family == "whisper" else MOONSHINE_WINDOW_S,
            token_cap=token_cap or FAMILY_CAPS[family],
        )


def _float_model(
    folder: Path, config: "PreTrainedConfig", *, family: Family, stored: Mapping[str, Shape], dtype: str
) -> "PreTrainedModel":
    model_class = MODEL_CLASSES[family]
    with one_line(f"no network can be made of '{folder / 'config.json'}'"), torch.device("meta"):
        expected = model_class(config)
    check_shapes(folder, stored, model=expected)
    with _no_progress_bar():
        return model_class.from_pretrained(
            folder, dtype=DTYPES[dtype], use_safetensors=True, local_files_only=True
        )


@contextmanager
def _no_progress_bar() -> Iterator[None]:
    """Keep transformers from drawing on stderr, where the command line draws its own bars."""
    was_enabled = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        if was_enabled:
            transformers_logging.enable_progress_bar()


def _move(model: "PreTrainedModel", device: str) -> "PreTrainedModel":
    try:
        return model.eval().to(device)
    except (RuntimeError, AssertionError) as error:
        raise EdgeAsrError(f"device '{device}' cannot be used: {reason_of(error)}") from error
