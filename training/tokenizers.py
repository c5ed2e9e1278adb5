"""Train the two models' tokenizers on sentences of the grammar."""

import json
from collections.abc import Iterator
from random import Random

from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedTokenizerFast, WhisperTokenizer

from training.grammar import draw_sentence, transcript

VOCAB_SIZE = 640
"""256 bytes, the special tokens and enough merges that most words of the grammar are one token."""

WHISPER_SPECIALS = (
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|en|>",
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
)
"""Order of the original vocabulary; there are no timestamp tokens, since the models write none."""

N_SENTENCES = 20_000


def _sentences() -> Iterator[str]:
    rng = Random(0)
    for _ in range(N_SENTENCES):
        yield " " + transcript(draw_sentence(rng, split="train"))


def train_whisper_tokenizer() -> WhisperTokenizer:
    """Return a byte-level BPE with Whisper's special tokens at the end of the vocabulary."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE - len(WHISPER_SPECIALS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    backend.train_from_iterator(_sentences(), trainer)
    vocab: dict[str, int] = backend.get_vocab()
    return WhisperTokenizer(
        vocab=vocab | {token: len(vocab) + rank for rank, token in enumerate(WHISPER_SPECIALS)},
        merges=_merges(backend),
        additional_special_tokens=list(WHISPER_SPECIALS[1:]),
        pad_token="<|endoftext|>",
        model_max_length=64,
    )


def _merges(backend: Tokenizer) -> list[tuple[str, str]]:
    return [(left, right) for left, right in json.loads(backend.to_str())["model"]["merges"]]


def train_moonshine_tokenizer() -> PreTrainedTokenizerFast:
    """Return a BPE with byte fallback and the ids of the original: `<unk>` 0, `<s>` 1, `</s>` 2."""
    specials = ["<unk>", "<s>", "</s>"]
    byte_tokens = [f"<0x{byte:02X}>" for byte in range(256)]
    backend = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
    backend.normalizer = normalizers.Sequence(
        [normalizers.Strip(), normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    backend.pre_tokenizer = pre_tokenizers.Split("▁", behavior="merged_with_next")
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE,
        special_tokens=[AddedToken(token, special=True) for token in specials] + byte_tokens,
        show_progress=False,
    )
    backend.train_from_iterator(_sentences(), trainer)
    backend.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    backend.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        pad_token="</s>",
        model_max_length=64,
    )
