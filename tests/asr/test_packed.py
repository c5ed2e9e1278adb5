"""Packed checkpoints are recognisers like any other."""

from dataclasses import replace
from pathlib import Path

import pytest

from asr.audio import Samples
from asr.decode import transcribe
from asr.models import load_recogniser
from quant.checkpoint import TENSORS, save_quantized
from quant.quantize import quantize
from quant.recipe import load_recipe
from traces.errors import EdgeAsrError


@pytest.mark.parametrize("name", ["whisper-micro", "moonshine-micro"])
def test_a_packed_checkpoint_transcribes_like_the_network_it_was_made_of(
    name: str, tmp_path: Path, audios: tuple[Samples, ...]
) -> None:
    recogniser = load_recogniser(name)
    quantized = quantize(recogniser.model, load_recipe("w4a8-g32"))
    save_quantized(quantized, tmp_path / "packed", source=Path(recogniser.model.name_or_path))
    packed = load_recogniser(tmp_path / "packed")
    assert packed.revision != recogniser.revision
    expected = transcribe(replace(recogniser, model=quantized.model), audios[:3])
    assert transcribe(packed, audios[:3]) == expected


def test_a_truncated_packed_checkpoint_is_one_clear_line(tmp_path: Path) -> None:
    recogniser = load_recogniser("moonshine-micro")
    quantized = quantize(recogniser.model, load_recipe("w8a8"))
    save_quantized(quantized, tmp_path / "packed", source=Path(recogniser.model.name_or_path))
    file = tmp_path / "packed" / TENSORS
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(EdgeAsrError, match=TENSORS) as caught:
        load_recogniser(tmp_path / "packed")
    assert "\n" not in str(caught.value)
