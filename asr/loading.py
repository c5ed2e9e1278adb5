"""From a checkpoint folder to a `Recogniser`. Imports torch and transformers."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from transformers import (
    AutoConfig,
    AutoFeatureExtractor,
    AutoTokenizer,
    MoonshineForConditionalGeneration,
    WhisperForConditionalGeneration,
)
from transformers.utils import logging as transformers_logging

from asr.checkpoints import check_shapes, digest, read_shapes, weight_files
from asr.recogniser import FAMILY_CAPS, Family, Recogniser, TokenCap
from quant.checkpoint import TENSORS, load_quantized
from traces.errors import EdgeAsrError, unknown_name
from traces.workload import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from transformers import GenerationConfig, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

MODEL_CLASSES: dict[Family, type["PreTrainedModel"]] = {
    "whisper": WhisperForConditionalGeneration,
    "moonshine": MoonshineForConditionalGeneration,
}

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}

MOONSHINE_WINDOW_S = 64.0
"""Longest audio that Moonshine's own `transcribe` accepts (moonshine-ai/moonshine, `assert_audio_size`)."""

MULTILINGUAL_VOCABULARY = 51_865
"""Whisper vocabularies from this size on are multilingual (openai/whisper, `Whisper.is_multilingual`)."""


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
        raise unknown_name("dtype", dtype, DTYPES)
    config, family = _read_config(folder)
    packed = folder / TENSORS
    files = (packed,) if packed.is_file() else weight_files(folder)
    try:
        model = (
            load_quantized(folder).model
            if packed.is_file()
            else _float_model(folder, files, config, family, dtype)
        )
        feature_extractor = AutoFeatureExtractor.from_pretrained(folder, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise EdgeAsrError(f"cannot load the model in '{folder}': {_first_line(error)}") from error
    window_s = feature_extractor.n_samples / SAMPLE_RATE_HZ if family == "whisper" else MOONSHINE_WINDOW_S
    return Recogniser(
        model=_move(model, device),
        feature_extractor=feature_extractor,
        tokenizer=tokenizer,
        family=family,
        name=name,
        revision=revision or digest(files),
        prompt_ids=_prompt_ids(model.generation_config, tokenizer, family),
        eos_id=int(model.generation_config.eos_token_id),
        window_s=window_s,
        token_cap=token_cap or FAMILY_CAPS[family],
    )


def _float_model(
    folder: Path, files: Sequence[Path], config: "PreTrainedConfig", family: Family, dtype: str
) -> "PreTrainedModel":
    stored = {key: shape for file in files for key, shape in read_shapes(file).items()}
    model_class = MODEL_CLASSES[family]
    with torch.device("meta"):
        check_shapes(folder, stored, model_class(config))
    with _no_progress_bar():
        return model_class.from_pretrained(
            folder, dtype=DTYPES[dtype], use_safetensors=True, local_files_only=True
        )


def _read_config(folder: Path) -> tuple["PreTrainedConfig", Family]:
    path = folder / "config.json"
    if not path.is_file():
        raise EdgeAsrError(f"'{folder}' holds no model: config.json is missing")
    try:
        model_type = json.loads(path.read_text()).get("model_type")
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise EdgeAsrError(f"'{path}' cannot be read: {_first_line(error)}") from error
    if model_type not in MODEL_CLASSES:
        raise EdgeAsrError(
            f"'{path}' has model_type '{model_type}'; families that can be loaded: {', '.join(MODEL_CLASSES)}"
        )
    return config, model_type


def _prompt_ids(
    generation: "GenerationConfig", tokenizer: "PreTrainedTokenizerBase", family: Family
) -> tuple[int, ...]:
    """Return the decoder's prompt: English transcription without timestamps, as the leaderboard asks for."""
    start = int(generation.decoder_start_token_id)
    if family == "moonshine":
        return (start,)
    multilingual = getattr(generation, "is_multilingual", len(tokenizer) >= MULTILINGUAL_VOCABULARY)
    words = ("<|en|>", "<|transcribe|>", "<|notimestamps|>") if multilingual else ("<|notimestamps|>",)
    return (start, *(int(tokenizer.convert_tokens_to_ids(word)) for word in words))


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
        raise EdgeAsrError(f"device '{device}' cannot be used: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
