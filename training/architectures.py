"""The two model shapes: real transformers classes at about a fifteenth of the smallest released size."""

from typing import Literal, get_args

from transformers import (
    GenerationConfig,
    MoonshineConfig,
    MoonshineForConditionalGeneration,
    Wav2Vec2FeatureExtractor,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperTokenizer,
)

from training.tokenizers import VOCAB_SIZE

ModelName = Literal["whisper-micro", "moonshine-micro"]
MODEL_NAMES: tuple[ModelName, ...] = get_args(ModelName)

WINDOW_S = 8
"""Length that whisper-micro pads every utterance to, at 50 encoder positions per second."""

MAX_TOKENS = 64


def build_whisper(tokenizer: WhisperTokenizer) -> WhisperForConditionalGeneration:
    """Return an untrained whisper-micro."""
    start, end = tokenizer.convert_tokens_to_ids(["<|startoftranscript|>", "<|endoftext|>"])
    no_timestamps = tokenizer.convert_tokens_to_ids("<|notimestamps|>")
    config = WhisperConfig(
        vocab_size=VOCAB_SIZE,
        num_mel_bins=80,
        d_model=160,
        encoder_layers=5,
        encoder_attention_heads=4,
        encoder_ffn_dim=640,
        decoder_layers=2,
        decoder_attention_heads=4,
        decoder_ffn_dim=640,
        max_source_positions=WINDOW_S * 50,
        max_target_positions=MAX_TOKENS,
        dropout=0.05,
        decoder_start_token_id=start,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
        suppress_tokens=None,
        begin_suppress_tokens=None,
    )
    model = WhisperForConditionalGeneration(config)
    model.generation_config = GenerationConfig(
        decoder_start_token_id=start,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
        max_length=MAX_TOKENS,
        is_multilingual=False,
        no_timestamps_token_id=no_timestamps,
        return_timestamps=False,
        suppress_tokens=[],
        begin_suppress_tokens=[],
    )
    return model


def build_moonshine() -> MoonshineForConditionalGeneration:
    """Return an untrained moonshine-micro."""
    config = MoonshineConfig(
        vocab_size=VOCAB_SIZE,
        hidden_size=128,
        intermediate_size=512,
        encoder_num_hidden_layers=7,
        decoder_num_hidden_layers=2,
        encoder_num_attention_heads=4,
        decoder_num_attention_heads=4,
        max_position_embeddings=512,
        partial_rotary_factor=0.9,
        decoder_start_token_id=1,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
    )
    model = MoonshineForConditionalGeneration(config)
    model.generation_config = GenerationConfig(
        decoder_start_token_id=1, bos_token_id=1, eos_token_id=2, pad_token_id=2, max_length=MAX_TOKENS
    )
    return model


def whisper_feature_extractor() -> WhisperFeatureExtractor:
    """Return the log-mel front end with whisper-micro's window."""
    return WhisperFeatureExtractor(feature_size=80, sampling_rate=16_000, chunk_length=WINDOW_S)


def moonshine_feature_extractor() -> Wav2Vec2FeatureExtractor:
    """Return the front end of the original: samples as they are, zero-padded, with a mask."""
    return Wav2Vec2FeatureExtractor(
        feature_size=1,
        sampling_rate=16_000,
        padding_value=0.0,
        do_normalize=False,
        return_attention_mask=True,
    )
