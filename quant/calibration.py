"""Calibration: data the network looks at, and the activation ranges found on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from quant.blocks.layout import layout_of
from quant.observed import ALL, Carrying, carrying, check_finite
from quant.quantizer import Scale, scale_of_range
from traces.errors import EdgeAsrError
from traces.formats import Format

PERCENTILE = 99.99
"""Share of values, in percent, that a fixed activation range keeps: activations have rare outliers that would
waste most codes (NVIDIA's `calib.HistogramCalibrator` offers 99.9, 99.99 and 99.999)."""


FEWEST_TOKENS = 8
"""Fewer decoder tokens than these are a mistake, not data; how many a layer needs depends on its width."""

TOKENS_PER_INPUT = 2
"""Decoder tokens drawn by default per input of the decoder's widest layer. Of d white inputs seen n times the
smallest eigenvalue of X X^T / n is (1 - sqrt(d / n))^2 of their variance (Marchenko and Pastur, 1967): none
at n = d, where the matrix is all but singular, and 0.09 at n = 2 d, well above GPTQ's damping of 0.01."""


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationBatch:
    """Utterances of one length: encoder input, and the decoder's tokens, prompt included.

    inputs: (batch, n_mels, frames) log-mel features or (batch, samples) audio, float32 whatever the network
    computes in; decoder_ids: (batch, tokens). An utterance longer than the encoder's window takes several
    batches, of which all but the first are marked as `continues`. Of the encoder's output positions the first
    `valid` carry audio, the rest is padding that methods must not look at (Whisper pads every clip to its
    window); None means that all do.
    """

    inputs: Tensor
    decoder_ids: Tensor
    valid: int | None = None
    continues: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationData:
    """What the network is shown, as `asr.calibration` makes it: the float model's own greedy transcripts."""

    batches: tuple[CalibrationBatch, ...]

    @property
    def n_utterances(self) -> int:
        """How many utterances of the corpus were drawn, however many batches each takes."""
        return sum(len(batch.inputs) for batch in self.batches if not batch.continues)

    @property
    def n_tokens(self) -> int:
        """How many tokens the decoder sees."""
        return sum(batch.decoder_ids.numel() for batch in self.batches)


def need_data(data: CalibrationData | None, method: str) -> CalibrationData:
    """Return the data a method needs.

    Raises:
        EdgeAsrError: if there is none, too little to say anything about a layer, or a value is not finite.
    """
    if data is None or not data.batches:
        raise EdgeAsrError(f"{method} needs calibration data; give it a corpus")
    if data.n_tokens < FEWEST_TOKENS:
        raise EdgeAsrError(
            f"{method}: the decoder sees {data.n_tokens} tokens in {data.n_utterances} calibration "
            f"utterances; give it {FEWEST_TOKENS} or more"
        )
    for index, batch in enumerate(data.batches):
        if not bool(torch.isfinite(batch.inputs).all()):
            utterance = CalibrationData(data.batches[: index + 1]).n_utterances - len(batch.inputs)
            raise EdgeAsrError(
                f"calibration: what the encoder reads of utterance {utterance} is NaN or infinite; "
                "check the audio"
            )
    return data


def enough_tokens(model: nn.Module) -> int:
    """Return how many tokens make a well-conditioned Hessian of every layer of a network's decoder."""
    return TOKENS_PER_INPUT * _widest_decoder_layer(model)[1]


def scarcity(model: nn.Module, data: CalibrationData) -> str | None:
    """Return a remark if the decoder sees fewer tokens than its widest layer has inputs, else None.

    The encoder has some fifty positions a second to look at; it is the decoder that goes short.
    """
    name, width = _widest_decoder_layer(model)
    if data.n_tokens >= width:
        return None
    wanted = -(-enough_tokens(model) * data.n_utterances // data.n_tokens)
    return (
        f"the decoder sees {data.n_tokens} tokens in {data.n_utterances} calibration utterances, too few to "
        f"tell the {width} inputs of '{name}' apart; give about {wanted} utterances"
    )


def _widest_decoder_layer(model: nn.Module) -> tuple[str, int]:
    """Return the linear layer with most inputs among those that read decoder tokens, and their number."""
    layout = layout_of(model)
    from_encoder = {*layout.cross_keys, *layout.cross_values}
    widths = [
        (name, module.in_features)
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and name.startswith("model.decoder.") and name not in from_encoder
    ]
    return max(widths, key=lambda found: found[1])


def run(model: nn.Module, batch: CalibrationBatch) -> None:
    """Run encoder and decoder over a batch by teacher forcing, for what hooks see."""
    model(batch.inputs, decoder_input_ids=batch.decoder_ids, use_cache=False)


def capture_ranges(
    model: nn.Module, formats: Mapping[str, Format], *, data: CalibrationData, percentile: float = PERCENTILE
) -> dict[str, Scale]:
    """Return the fixed scale of each named module's input, over all calibration data but padding.

    The range of a batch is its percentile on either side; that of the data is the widest of its batches.

    Raises:
        EdgeAsrError: naming the module, if it saw nothing or its input is not finite.
    """
    ranges: dict[str, tuple[Tensor, Tensor]] = {}
    for batch in data.batches:
        kept = carrying(model, batch.valid)
        hooks = [
            model.get_submodule(name).register_forward_pre_hook(
                partial(_observe, ranges, name, kept.get(name, ALL), percentile)
            )
            for name in formats
        ]
        try:
            with torch.no_grad():
                run(model, batch)
        finally:
            for hook in hooks:
                hook.remove()
    unseen = [name for name in formats if name not in ranges]
    if unseen:
        raise EdgeAsrError(f"calibration never reached module '{unseen[0]}'; its activation range is unknown")
    return {name: scale_of_range(*ranges[name], formats[name]) for name in formats}


def _observe(
    ranges: dict[str, tuple[Tensor, Tensor]],
    name: str,
    kept: Carrying,
    percentile: float,
    _: nn.Module,
    args: tuple[Tensor, ...],
) -> None:
    x = kept.of_input(args[0])
    check_finite(x, name)
    low, high = _percentiles(x, percentile)
    if name in ranges:
        low, high = torch.minimum(low, ranges[name][0]), torch.maximum(high, ranges[name][1])
    ranges[name] = (low, high)


def _percentiles(x: Tensor, percentile: float) -> tuple[Tensor, Tensor]:
    """Return the values below and above which (100 - percentile) percent of x lie, spanning zero."""
    values = x.detach().flatten().float()
    beyond = int(values.numel() * (1.0 - percentile / 100.0))
    # The k-th from either end: torch.quantile sorts, and refuses more than 2^24 values.
    low = values.kthvalue(beyond + 1).values
    high = values.kthvalue(values.numel() - beyond).values
    return low.clamp(max=0.0), high.clamp(min=0.0)
