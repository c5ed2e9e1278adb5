"""How a decoder is prompted, by the one rule that recognisers and graphs share."""

from types import SimpleNamespace

import pytest

from traces.architectures import ARCHITECTURES, WhisperArchitecture
from traces.prompts import MULTILINGUAL_VOCABULARY, prompt_words, whisper_words

ASKED = ("<|en|>", "<|transcribe|>", "<|notimestamps|>")


def test_english_whispers_are_told_neither_language_nor_task() -> None:
    assert whisper_words(MULTILINGUAL_VOCABULARY - 1) == ("<|notimestamps|>",)
    assert whisper_words(MULTILINGUAL_VOCABULARY) == ASKED


@pytest.mark.parametrize(
    ("family", "said", "expected"),
    [
        ("whisper", {}, ("<|notimestamps|>",)),
        ("whisper", {"is_multilingual": True}, ASKED),
        ("whisper", {"is_multilingual": False}, ("<|notimestamps|>",)),
        ("moonshine", {"is_multilingual": True}, ()),
    ],
)
def test_a_checkpoint_that_says_so_is_believed(
    family: str, said: dict[str, bool], expected: tuple[str, ...]
) -> None:
    """A multilingual fine-tune may have a vocabulary of its own."""
    config = SimpleNamespace(model_type=family, vocab_size=640)
    assert prompt_words(SimpleNamespace(config=config, generation_config=SimpleNamespace(**said))) == expected


def test_names_and_prompts_agree() -> None:
    """The names of OpenAI's and Distil's English models end in `.en`; the bundled one is English, too."""
    for name, architecture in ARCHITECTURES.items():
        if isinstance(architecture, WhisperArchitecture):
            is_english = name.endswith(".en") or name == "whisper-micro"
            assert architecture.prompt_tokens == (2 if is_english else 4), name
        else:
            assert architecture.prompt_tokens == 1
