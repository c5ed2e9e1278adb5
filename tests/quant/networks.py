"""Small random networks of both families; widths 36, 288 and 416 are Moonshine's own head and layer sizes."""

import torch
from transformers import (
    MoonshineConfig,
    MoonshineForConditionalGeneration,
    PreTrainedModel,
    WhisperConfig,
    WhisperForConditionalGeneration,
)

from quant.calibration import CalibrationBatch, CalibrationData

N_TOKENS = 96


def whisper(width: int = 64, *, layers: int = 2) -> PreTrainedModel:
    torch.manual_seed(0)
    config = WhisperConfig(
        vocab_size=N_TOKENS,
        num_mel_bins=80,
        d_model=width,
        encoder_layers=layers,
        decoder_layers=layers,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=2 * width,
        decoder_ffn_dim=2 * width,
        max_source_positions=20,
        max_target_positions=24,
        decoder_start_token_id=1,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=0,
        suppress_tokens=None,
        begin_suppress_tokens=None,
        init_std=0.2,
    )
    return _spread(WhisperForConditionalGeneration(config))


def moonshine(width: int = 64, *, heads: int = 4, layers: int = 2) -> PreTrainedModel:
    torch.manual_seed(0)
    config = MoonshineConfig(
        vocab_size=N_TOKENS,
        hidden_size=width,
        intermediate_size=2 * width,
        encoder_num_hidden_layers=layers,
        decoder_num_hidden_layers=layers,
        encoder_num_attention_heads=heads,
        decoder_num_attention_heads=heads,
        partial_rotary_factor=0.9,
        decoder_start_token_id=1,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
        initializer_range=0.1,
    )
    return _spread(MoonshineForConditionalGeneration(config))


NETWORKS = {"whisper": whisper, "moonshine": moonshine}


def inputs(model: PreTrainedModel, *, batch: int = 2) -> torch.Tensor:
    """Encoder inputs: (batch, 80, 40) features for Whisper, (batch, 8000) samples for Moonshine."""
    generator = torch.Generator().manual_seed(1)
    shape = (batch, 80, 40) if model.config.model_type == "whisper" else (batch, 8_000)
    return torch.randn(shape, generator=generator)


def token_ids(*, batch: int = 2, length: int = 6) -> torch.Tensor:
    return torch.randint(3, N_TOKENS, (batch, length), generator=torch.Generator().manual_seed(2))


def calibration(model: PreTrainedModel) -> CalibrationData:
    return CalibrationData((CalibrationBatch(inputs(model), token_ids()),))


def logits(model: PreTrainedModel) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = model(inputs(model), decoder_input_ids=token_ids()).logits
    return found


def _spread(model: PreTrainedModel) -> PreTrainedModel:
    """Give norms and biases values that matter; fresh networks have ones and zeros."""
    for name, parameter in model.named_parameters():
        if name.endswith("bias") or "norm" in name:
            parameter.data += 0.1 * torch.randn(parameter.shape)
    return model.eval()
